"""hpo-gym beside `openai-agents`, whose import name is `agents`: both are imported, and both do something."""

import gymnasium as gym

import agents  # noqa: TID251 - the import name of openai-agents
import hpo_agents
import hpo_gym


@agents.function_tool
def best_of(trials: int) -> float:
    """The best score of random search on a task of the training split."""
    task = hpo_gym.load_suite("SVM").tasks("train")[0]
    return float(hpo_gym.rollout(hpo_gym.make_optimizer("random"), task, budget=trials, seed=0).incumbent.score)


helper = agents.Agent(name="helper", instructions="Tune.", tools=[best_of])
agent = hpo_gym.make_optimizer("q-portfolio")
env = gym.make("hpo_gym/SVM-v0")
env.reset(seed=0)
assert "site-packages" in agents.__file__ and "site-packages" in hpo_agents.__file__, (
    agents.__file__,
    hpo_agents.__file__,
)
assert type(agent).__module__.startswith("hpo_agents."), type(agent)
print(
    f"agents.{type(helper).__name__} has the tool {helper.tools[0].name}; an optimizer is of {type(agent).__module__}"
)
