"""A training of PyTorch under control: a rule sets its rates."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from hpo_gym.control import Controller

x, y = (torch.tensor(part) for part in load_digits(return_X_y=True))
x, valid_x = (x.float() / 16).split([1000, 797])
y, valid_y = y.split([1000, 797])
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
loss_of = nn.CrossEntropyLoss()

settings = {"epochs": 10, "data": loader, "classes": 10}
control = Controller("polynomial", model, optimizer, **settings)
for _ in control:
    for rows, labels in loader:
        optimizer.zero_grad()
        loss = loss_of(model(rows), labels)
        loss.backward()
        control.batch(loss)
        optimizer.step()
    with torch.no_grad():
        control.end(validation_loss=loss_of(model(valid_x), valid_y))
control.restore_best()
losses = ["train_loss", "validation_loss", "guard"]
print(control.trials()[["learning_rate", "weight_decay", *losses]])
