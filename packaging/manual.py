#!/usr/bin/env python3
"""The manual page and bash's completion, made of what the program says of its own command line.

    gridloom command-tree | packaging/manual.py man VERSION     the page gridloom(1)
    gridloom command-tree | packaging/manual.py bash            the completion
"""
import json
import sys

ABOUT = """Gridloom is a platform for home-energy devices (power stations, solar inverters, home panels, batteries) that
runs on your own machine. It speaks the interface that EcoFlow documents for its developer cloud: signed HTTP requests
and MQTT topics."""

SERVICE = [
    ("/etc/gridloom/gridloom.conf", "The options of the server that systemd runs, a line each."),
    ("/var/lib/gridloom", "Its data folder: accounts, keys, history. Only the user gridloom may read it."),
    ("/var/lib/gridloom/tls/ca.pem", "The certificate that clients have to trust."),
]

EXAMPLES = [
    ("A server with virtual devices, to try", "gridloom serve --demo --data ~/gridloom"),
    ("An account on the server that systemd runs", "sudo -u gridloom gridloom account add home --data /var/lib/gridloom"),
    ("A backup, while it runs", "sudo -u gridloom gridloom backup /var/lib/gridloom/backup --data /var/lib/gridloom"),
]


def commands_of(tree, before=()):
    """(words, command) of each command that does something itself or has others below it."""
    for each in tree["commands"]:
        words = (*before, each["name"])
        yield words, each
        yield from commands_of(each, words)


def roff(text):
    """Text as it is: a backslash, a hyphen and a leading dot mean something to roff."""
    text = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def man_option(option):
    names = ", ".join(f"\\fB{roff(name)}\\fR" for name in option["names"])
    value = f" \\fI{roff(option['value'])}\\fR" if option.get("value") else ""
    default = f" (default: {roff(option['default'])})" if option.get("default") else ""
    return [".TP", names + value, (roff(option["help"]) or "\\&") + default]


def man(tree, version):
    lines = [f'.TH GRIDLOOM 1 "" "gridloom {version}" "User Commands"', ".SH NAME",
             "gridloom \\- platform for home\\-energy devices", ".SH SYNOPSIS",
             ".B gridloom", "[\\fIOPTION\\fR...] \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]",
             ".SH DESCRIPTION", roff(ABOUT), ".SH OPTIONS"]
    for option in tree["options"]:
        lines += man_option(option)
    lines.append(".SH COMMANDS")
    for words, command in commands_of(tree):
        arguments = "".join(f" \\fI{roff(a['name']).upper()}\\fR" for a in command["arguments"])
        below = " \\fICOMMAND\\fR" if command["commands"] else ""
        lines += [f".SS \\fBgridloom {roff(' '.join(words))}\\fR{arguments}{below}", roff(command["help"])]
        for argument in command["arguments"]:
            if argument["help"]:
                lines += [".TP", f"\\fI{roff(argument['name']).upper()}\\fR", roff(argument["help"])]
        for option in command["options"]:
            if "--help" not in option["names"]:
                lines += man_option(option)
    lines.append(".SH FILES")
    for name, text in SERVICE:
        lines += [".TP", f".I {roff(name)}", roff(text)]
    lines += [".SH EXIT STATUS", "0 if all went well; anything else, with a reason on standard error, if not.",
              ".SH EXAMPLES"]
    for text, command in EXAMPLES:
        lines += [".TP", roff(text), f".B {roff(command)}"]
    print("\n".join(lines))


def bash(tree):
    rows = []
    for words, command in [((), tree), *commands_of(tree)]:
        names = [each["name"] for each in command["commands"]]
        options = [name for option in command["options"] for name in option["names"]]
        with_value = [n for o in command["options"] if "value" in o for n in o["names"]]
        rows.append(f"    '{' '.join(words)}') names='{' '.join(names)}' options='{' '.join(options)}'"
                    f" values=' {' '.join(with_value)} ' ;;")
    print(f"""# bash completion for gridloom, made by packaging/manual.py
_gridloom_describe() {{
  case $1 in
{chr(10).join(rows)}
    *) return 1 ;;
  esac
}}

_gridloom() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before='' path='' names options values at
  _gridloom_describe ''
  for ((at = 1; at < COMP_CWORD; ++at)); do
    # The value of an option is no command.
    if [[ $values != *" $before "* ]] && _gridloom_describe "${{path:+$path }}${{COMP_WORDS[at]}}"; then
      path="${{path:+$path }}${{COMP_WORDS[at]}}"
    fi
    before=${{COMP_WORDS[at]}}
  done
  _gridloom_describe "$path"
  if [[ $before == -* && $values == *" $before "* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  elif [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif [[ -n $names ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}}
complete -o filenames -F _gridloom gridloom""")


def main():
    tree = json.load(sys.stdin)
    if sys.argv[1:2] == ["man"] and len(sys.argv) == 3:
        man(tree, sys.argv[2])
    elif sys.argv[1:] == ["bash"]:
        bash(tree)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
