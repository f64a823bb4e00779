"""A training of PyTorch under control: a rule sets rate and weight decay before each epoch."""

import torch
from sklearn.datasets import load_digits

from hpo_gym.control import Controller

x, y = (torch.tensor(part) for part in load_digits(return_X_y=True))
x, y, valid_x, valid_y = x[:1000].float() / 16, y[:1000], x[1000:].float() / 16, y[1000:]
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=32, shuffle=True)
model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
optimizer, loss_of = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), torch.nn.CrossEntropyLoss()

control = Controller("polynomial", model, optimizer, epochs=10, data=loader, classes=10)
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
print(control.trials()[["learning_rate", "weight_decay", "train_loss", "validation_loss", "guard"]])
