"""Servers for agents outside: JSON lines, OpenEnv, MCP; questions with a verifier for trainers of language models."""

from typing import TYPE_CHECKING

from hpo_gym.base.lazy import offer

if TYPE_CHECKING:
    from hpo_gym.serve.door import Place as Place
    from hpo_gym.serve.hall import Hall as Hall
    from hpo_gym.serve.mcp import SuiteDesk as SuiteDesk
    from hpo_gym.serve.mcp import serve_mcp as serve_mcp
    from hpo_gym.serve.mcp import wire as wire
    from hpo_gym.serve.openenv import serve_openenv as serve_openenv
    from hpo_gym.serve.questions import question_line as question_line
    from hpo_gym.serve.questions import questions_of as questions_of
    from hpo_gym.serve.questions import read_questions as read_questions
    from hpo_gym.serve.stdio import serve_stdio as serve_stdio
    from hpo_gym.serve.tuning_desk import TuningDesk as TuningDesk

__getattr__, __dir__, __all__ = offer(__name__, {"serve_openenv": "openenv", "serve_mcp": "mcp"})
