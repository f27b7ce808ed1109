"""Our prompt against a chat template."""

from assistant import chat_template
from assistant.stages import Parameter, Tool

TEMPLATE = """\
{{- bos_token -}}<|turn>system
{{ messages[0]['content'] -}}
{%- for tool in tools or [] -%}
<|tool>{{ tool['function']['name'] }}({{ tool['function'].get('parameters', {}).get('required', []) | join(',') }})
{%- for key, value in tool['function'].get('parameters', {}).get('properties', {}) | dictsort -%}
[{{ key }}:{{ value['type'] }}
{%- if value['enum'] %} {{ value['enum'] | join('|') }}{% endif %}]{% endfor -%}
<tool|>
{%- endfor -%}
<turn|>
<|turn>user
{{ messages[1]['content'] -}}<turn|>
{% if add_generation_prompt %}<|turn>model
{% endif %}
{%- if not enable_thinking | default(false) and thought is defined %}<|channel>thought{% endif -%}
"""
TOOLS = (
    Tool(
        "On",
        "Turn on.",
        (Parameter("name", "string", required=True), Parameter("color", "string", "", ("red", "blue"))),
    ),
    Tool("Date", "The date."),
)
OURS = (
    "<bos><|turn>system\nYou are Gemma.<|tool>On(name)[color:string red|blue][name:string]<tool|><|tool>Date()<tool|>"
    "<turn|>\n<|turn>user\nlight on<turn|>\n<|turn>model\n"
)


def difference(ours: str, template: str = TEMPLATE) -> str | None:
    return chat_template.difference(template, ours, system="You are Gemma.", tools=TOOLS, user="light on")


def test_the_same_text_has_no_difference() -> None:
    assert difference(OURS) is None


def test_a_closed_empty_thought_is_seen() -> None:
    """E2B leaks its reasoning when an empty thought channel is closed before its reply."""
    assert "<|channel>thought" in str(difference(OURS + "<|channel>thought\n<channel|>"))


def test_the_place_of_a_difference_is_shown() -> None:
    problem = str(difference(OURS.replace("[name:string]", "[name:integer]")))
    assert "ours has" in problem
    assert "integer" in problem
    assert "string" in problem


def test_a_template_that_refuses_or_breaks_is_a_problem_not_a_crash() -> None:
    assert "no system" in str(difference(OURS, "{{ raise_exception('no system') }}"))
    assert "can't be rendered" in str(difference(OURS, "{% if %}"))


def test_a_template_cannot_reach_out() -> None:
    """Templates come out of downloaded files: they run in a sandbox."""
    assert "can't be rendered" in str(difference(OURS, "{{ ''.__class__.__mro__[1].__subclasses__() }}"))
