"""Types mistakes, and compares what the program says with the whole message that it should say.

A row is (words, exit code, message). In words and messages, {data} is the data folder of a server that runs with the
demo home, {none} a folder that does not exist, {file} a file that has no meaning. A message is all of standard error;
`...` in it stands for anything within a line. For a new command: add rows to the list it belongs to.
"""
import os
import pathlib
import re
import subprocess
import unittest

import server as servers
from server import DELTA_2, Server, cli, run_tests, temporary_folder, told

USAGE, FAILED = 2, 1
ROOT = pathlib.Path(__file__).resolve().parents[2]

COMMANDS = [
    (["servr"], USAGE, 'gridloom: there is no command "servr"; did you mean serve? `gridloom help` lists all commands'),
    (["histroy"], USAGE,
     'gridloom: there is no command "histroy"; did you mean history? `gridloom help` lists all commands'),
    (["frobnicate"], USAGE, 'gridloom: there is no command "frobnicate"; `gridloom help` lists all commands'),
    (["list"], USAGE,
     'gridloom: there is no command "list"; did you mean device list or account list or token list or bridge list or '
     "fault list or family list or home list? `gridloom help` lists all commands"),
    (["device", "lst"], USAGE,
     'gridloom: there is no command "device lst"; did you mean device list? `gridloom device --help` describes it'),
    (["device", "remov"], USAGE,
     'gridloom: there is no command "device remov"; did you mean device remove? `gridloom device --help` describes it'),
    (["logs"], USAGE,
     'gridloom: there is no command "logs"; the server writes its log to standard error, and under systemd to the '
     "journal: journalctl -u gridloom; `gridloom help` lists all commands"),
    (["export"], USAGE,
     'gridloom: there is no command "export"; `gridloom history SN FIELD --csv` and `gridloom energy --csv` print '
     "tables, and `gridloom backup` copies all; `gridloom help` lists all commands"),
    (["ls"], USAGE,
     'gridloom: there is no command "ls"; `gridloom status` shows the home, and `gridloom device list` its devices; '
     "`gridloom help` lists all commands"),
    (["alarms"], USAGE,
     'gridloom: there is no command "alarms"; `gridloom status` shows errors of devices, and the dashboard\'s Alarms what '
     "was before; `gridloom help` lists all commands"),
    (["profiles"], USAGE,
     'gridloom: there is no command "profiles"; `gridloom login --list` lists profiles; `gridloom help` lists all '
     "commands"),
    (["demo"], USAGE,
     'gridloom: there is no command "demo"; `gridloom serve --demo` runs a server with a demo home; `gridloom help` '
     "lists all commands"),
    (["users"], USAGE,
     'gridloom: there is no command "users"; `gridloom account list` lists accounts; `gridloom help` lists all commands'),
    (["describe"], USAGE,
     'gridloom: there is no command "describe"; `gridloom device show SN` shows a device, and `gridloom explain SN FIELD` '
     "a field; `gridloom help` lists all commands"),
    (["dashboard"], USAGE,
     'gridloom: there is no command "dashboard"; `gridloom sign-in` prints a link to the dashboard; `gridloom help` '
     "lists all commands"),
    (["restart"], USAGE,
     'gridloom: there is no command "restart"; Ctrl-C and `gridloom serve` again, or under systemd: systemctl restart '
     "gridloom; `gridloom help` lists all commands"),
    *[(words, USAGE, f'gridloom: there is no command "{words[0]}"; `gridloom simulate FILE.loom` plays a scenario, and '
       "`gridloom serve --demo` runs a server; `gridloom help` lists all commands")
      for words in (["scenario", "run", "x.loom"], ["run", "x.loom"])],
    (["frobnicate", "--help"], USAGE,
     'gridloom: there is no command "frobnicate"; `gridloom help` lists all commands'),
    (["device", "lst", "--help"], USAGE,
     'gridloom: there is no command "device lst"; did you mean device list? `gridloom device --help` describes it'),
    (["config"], USAGE,
     "gridloom: gridloom config: the command is missing: check; `gridloom config --help` describes them"),
    (["account", "delete"], USAGE,
     'gridloom: there is no command "account delete"; there are add, list, keys, rotate, remove; '
     "`gridloom account --help` describes it"),
    (["time", "stp", "1h"], USAGE,
     'gridloom: there is no command "time stp"; did you mean time step? `gridloom time --help` describes it'),
    (["cluster", "stats"], USAGE,
     'gridloom: there is no command "cluster stats"; did you mean cluster status? `gridloom cluster --help` describes it'),
    (["fault", "onn", "x"], USAGE,
     'gridloom: there is no command "fault onn"; did you mean fault on? `gridloom fault --help` describes it'),
    (["family", "shwo"], USAGE,
     'gridloom: there is no command "family shwo"; did you mean family show? `gridloom family --help` describes it'),
    (["home", "chek"], USAGE,
     'gridloom: there is no command "home chek"; did you mean home check? `gridloom home --help` describes it'),
    (["home"], USAGE,
     "gridloom: gridloom home: the command is missing: list, show, new, schema, check; `gridloom home --help` describes "
     "them"),
    (["help", "devcie"], USAGE,
     'gridloom: there is no command "devcie"; did you mean device? `gridloom help` lists all commands'),
    (["help", "device", "lst"], USAGE,
     'gridloom: there is no command "device lst"; did you mean device list? `gridloom device --help` describes it'),
    (["device"], USAGE,
     "gridloom: gridloom device: the command is missing: list, add, rename, share, move, rotate, remove, purge, show; "
     "`gridloom device --help` describes them"),
    (["bench"], USAGE,
     "gridloom: gridloom bench: the command is missing: mqtt, http, set; `gridloom bench --help` describes them"),
]

OPTIONS = [
    (["device", "list", "--ownr", "demo"], USAGE,
     "gridloom: gridloom device list has no option --ownr; did you mean --owner? `gridloom device list --help` "
     "describes it"),
    (["serve", "--dmeo"], USAGE,
     "gridloom: gridloom serve has no option --dmeo; did you mean --demo? `gridloom serve --help` describes it"),
    *[(["serve", option, "8081"], USAGE,
       f"gridloom: gridloom serve has no option {option}; --http ADDR:PORT and --https, --mqtt, --mqtts say where it "
       "listens; `gridloom serve --help` describes it") for option in ("--port", "--prot")],
    (["record", DELTA_2, "--out", "{none}/x"], USAGE,
     f'gridloom: gridloom record: "{DELTA_2}" is too much: the command takes no argument; --device SN names a device; '
     "`gridloom record --help` describes it"),
    (["login", "x", "--host", "localhost:8443"], USAGE,
     "gridloom: gridloom login: --access-key KEY is missing; --list lists the profiles there are"),
    (["login"], USAGE,
     "gridloom: gridloom login: PROFILE and --host URL and --access-key KEY are missing; --list lists the profiles "
     "there are"),
    (["--verison"], USAGE,
     "gridloom: gridloom has no option --verison; did you mean --version? `gridloom help` lists all commands"),
    (["--ownr", "demo", "device", "list"], USAGE,
     "gridloom: gridloom has no option --ownr; `gridloom help` lists all commands"),
    (["--owner", "demo", "status"], USAGE,
     "gridloom: gridloom has no option --owner; --owner stands behind the command: gridloom COMMAND --owner ..."),
    (["audit", "--frobnicate"], USAGE,
     "gridloom: gridloom audit has no option --frobnicate; `gridloom audit --help` describes it"),
    (["limits", "--config", "x"], USAGE,
     "gridloom: gridloom limits has no option --config; --config stands before the command: "
     "gridloom --config ... limits"),
    (["time", "--sped", "2"], USAGE,
     "gridloom: gridloom time has no option --sped; `gridloom time --help` describes it"),
    (["device", "list", "--owner"], USAGE, "gridloom: --owner: ACCOUNT is missing"),
    (["serve", "--http"], USAGE, "gridloom: --http: ADDR:PORT is missing"),
    (["history", DELTA_2, "soc", "--last"], USAGE, "gridloom: --last: SPAN is missing"),
    (["token", "rm", "x"], USAGE,
     'gridloom: NUMBER: "x" is not valid: must be a whole number from 1 to 999999999'),
    (["backup"], USAGE, "gridloom: gridloom backup: DIR is missing; `gridloom backup --help` describes it"),
    (["device", "add", "SN1"], USAGE,
     "gridloom: gridloom device add: --owner ACCOUNT is missing; `gridloom device add --help` describes it"),
    (["device", "share", "SN1"], USAGE,
     "gridloom: gridloom device share: ACCOUNT and RIGHTS are missing; `gridloom device share --help` describes it"),
    (["record"], USAGE, "gridloom: gridloom record: --out FILE is missing; `gridloom record --help` describes it"),
    (["restore", "{file}"], USAGE,
     "gridloom: gridloom restore: --data DIR is missing; `gridloom restore --help` describes it"),
    (["history"], USAGE,
     "gridloom: gridloom history: SN and FIELD are missing; `gridloom history --help` describes it"),
    (["home", "check"], USAGE,
     "gridloom: gridloom home check: FILE is missing; `gridloom home check --help` describes it"),
    (["home", "show"], USAGE,
     "gridloom: gridloom home show: HOME is missing; `gridloom home show --help` describes it"),
    (["account", "list", "ann"], USAGE,
     'gridloom: gridloom account list: "ann" is too much: the command takes no argument; '
     "`gridloom account list --help` describes it"),
    (["device", "rename", "SN1", "my", "kiln"], USAGE,
     'gridloom: gridloom device rename: "kiln" is too much: the command takes SN NAME; '
     "`gridloom device rename --help` describes it"),
    (["completion", "tcsh"], USAGE, 'gridloom: SHELL: "tcsh" is not valid: must be bash, zsh or fish'),
]

VALUES = [
    (["history", DELTA_2, "soc", "--format", "tabel"], USAGE,
     'gridloom: --format: "tabel" is not valid: must be table, spark, csv or json; did you mean table?'),
    (["serve", "--log-level", "loud"], USAGE,
     'gridloom: --log-level: "loud" is not valid: must be trace, debug, info, warn, error or off'),
    (["serve", "--threads", "1000"], USAGE,
     'gridloom: --threads: "1000" is not valid: must be a whole number from 0 to 256'),
    (["serve", "--set-timeout-ms", "soon"], USAGE,
     'gridloom: --set-timeout-ms: "soon" is not valid: must be a whole number from 100 to 600000'),
    (["serve", "--speed", "fast"], USAGE, 'gridloom: --speed: "fast" is not valid: must be a number'),
    (["serve", "--demo-home", "delta_2"], USAGE, "gridloom: --demo-home requires --demo"),
    (["serve", "--world", "{file}"], USAGE, "gridloom: --world requires --demo or --home"),
    (["simulate", "--latitude", "91"], USAGE,
     'gridloom: --latitude: "91" is not valid: must be a number from -66 to 66'),
    (["simulate", "--family", "delta2"], USAGE,
     "gridloom: --family: there is no family 'delta2'; there are ...; did you mean delta_2?"),
    (["simulate", "--family", "delta_2=x"], USAGE,
     "gridloom: --family: 'delta_2=x' is not FAMILY or FAMILY=COUNT, with a count from 1 to 1000000"),
    (["simulate", "--family", "delta_2", "--for", "soon"], USAGE,
     'gridloom: --for is "soon": must be a span of time: a number and a unit, such as 250ms, 30s, 15m, 2h, 7d or 1w'),
    (["simulate", "--family", "delta_2", "--step", "2m"], USAGE,
     'gridloom: --step is "2m": must be a span of time from 1s to 1m'),
    (["simulate", "--family", "delta_2", "--fault", "panel_lots"], USAGE,
     'gridloom: --fault: no virtual device has a fault "panel_lots"; there are ...; did you mean panel_lost...?'),
    (["simulate"], USAGE, "gridloom: --family is required"),
    (["audit", "--last", "0", "--data", "{data}"], USAGE,
     'gridloom: --last: "0" is not valid: must be a whole number from 1 to 100000'),
    (["audit", "--from", "lastweek", "--data", "{data}"], USAGE, 'gridloom: --from is "lastweek": must be a time ...'),
    (["audit", "--since", "lastweek", "--data", "{data}"], USAGE,
     'gridloom: --from is "lastweek": must be a time ...'),
    (["audit", "--from", "24.13.2026", "--data", "{data}"], USAGE,
     'gridloom: --from is "24.13.2026": must be a time in ISO 8601 (...), a date such as 01.11.2026, a time before now '
     "(-90m, -12h, -7d, -4w), today, yesterday, ..."),
    (["limits", "--limit", "http.body-byte=1"], USAGE,
     'gridloom: --limit http.body-byte=1: there is no limit "http.body-byte"; did you mean http.body-bytes? '
     "`gridloom limits` lists the limits"),
    (["limits", "--limit", "http.body-bytes=lots"], USAGE,
     "gridloom: --limit http.body-bytes=lots: http.body-bytes must be a whole number from ... to ... (...)"),
    (["--config", "{file}", "serve"], USAGE,
     'gridloom: {file}:1: "htttp" is no option of serve; did you mean http or https? `gridloom serve --help` lists '
     "them"),
    (["family", "show", "delta2"], USAGE,
     "gridloom: there is no family delta2; there are ...; did you mean delta_2?"),
    (["family", "show", "delta_2", "pd.scoc"], USAGE,
     'gridloom: no field, command or part of delta_2 has "pd.scoc" in its name; did you mean pd.soc?'),
    (["home", "show", "dmeo"], USAGE,
     'gridloom: there is no home "dmeo": must be all, balcony, chalet, demo, hamburg or metered, or a file such as ./flat.yaml; did you mean demo?'),
    (["family", "new", "2kilns"], USAGE, "gridloom: ...is not a family id..."),
    (["replay", "{none}"], USAGE,
     "gridloom: the server is missing: give --data DIR of one on this machine, or --server HOST:PORT and --keys FILE"),
    (["token", "add", "x", "--account", "demo", "--scope", "write"], USAGE,
     'gridloom: --scope: "write" is not valid: must be read, control, admin or card'),
    (["token", "remove", "x"], USAGE,
     'gridloom: NUMBER: "x" is not valid: must be a whole number from 1 to 999999999'),
    (["bench", "http", "--server", "nowhere"], USAGE, "gridloom: ...nowhere..."),
    (["bench", "mqtt", "--server", "127.0.0.1:1", "--qos", "3"], USAGE,
     'gridloom: --qos: "3" is not valid: must be a whole number from 0 to 2'),
]

TERMINAL = [
    (["get", DELTA_2, "soc", "soc2"], USAGE, 'gridloom: there is no field "soc2"; did you mean soc...?'),
    (["get", DELTA_2, ""], USAGE, 'gridloom: there is no field ""; `gridloom family show delta_2` lists them'),
    (["get", "kitchen", "battery.sok"], USAGE,
     'gridloom: there is no field "battery.sok"; did you mean battery.soc...?'),
    (["get", "kitchen", "grid.pwer"], USAGE, 'gridloom: there is no field "grid.pwer"; did you mean grid.power...?'),
    (["watch", "kitchen", "nofield"], USAGE,
     'gridloom: there is no field "nofield"; `gridloom family show delta_2` lists them'),
    (["get", "Living room plug", "grid.power"], USAGE,
     "gridloom: Smart Plug does not measure grid.power; it has load.power"),
    (["history", "Living room plug", "grid.power"], USAGE,
     "gridloom: Smart Plug does not measure grid.power; it has load.power"),
    (["set", "kitchen"], USAGE,
     "gridloom: gridloom set: COMMAND|FIELD is missing; `gridloom set --help` describes it"),
    (["wait", "kitchen", "soc"], USAGE,
     'gridloom: "soc" is no condition: must be online, offline, or FIELD, one of = != < <= > >=, and VALUE, in quotes: '
     "'soc > 80'"),
    (["wait", "kitchen", "battery.sok > 80"], USAGE,
     'gridloom: there is no field "battery.sok"; did you mean battery.soc...?'),
    (["wait", "kitchen", "soc => 50"], USAGE,
     'gridloom: "=>" is no comparison: must be one of = != < <= > >=; did you mean >=?'),
    (["wait", "kitchen", "soc > > 50"], USAGE, 'gridloom: ">>" is no comparison: must be one of = != < <= > >='),
    (["get", "kitchen", "pd"], USAGE,
     """gridloom: there is no field "pd"; 'pd.*' stands for those that begin so"""),
    (["watch", "kitchen", "soc", "--count", "0"], USAGE,
     'gridloom: --count: "0" is not valid: must be a whole number from 1 to 1000000000'),
    (["wait", "kitchen", "soc > much"], USAGE, 'gridloom: pd.soc is "much": must be a number of %'),
    (["status", "kitchen", "--watch"], USAGE,
     "gridloom: --watch shows the whole home; `gridloom watch kitchen` shows the values of a device"),
    (["status", "kitchen", "--summary"], USAGE, "gridloom: --summary is of all devices: leave out their names"),
    (["energy", "kitchn"], FAILED,
     "gridloom: there is no device kitchn; did you mean Kitchen power station (" + DELTA_2 + ")?"),
    (["energy", "--period", "wek"], USAGE,
     'gridloom: --period: "wek" is not valid: must be day, week, month or year; did you mean week?'),
    (["get", "", "soc"], FAILED, "gridloom: the serial number of the device is empty"),
    (["get", "power station"], FAILED, 'gridloom: "power station" fits several devices: ...'),
    (["status", DELTA_2, "nosuch"], FAILED, "gridloom: there is no device nosuch; there are ..."),
    (["set", DELTA_2, "mppt.cfgChgWats", "600"], USAGE,
     'gridloom: DELTA 2 has no command or field "mppt.cfgChgWats"; did you mean mppt.cfgChgWatts? `gridloom family show delta_2` lists them'),
    (["set", DELTA_2, "mppt.cfgChgWatts"], USAGE, "gridloom: mppt.cfgChgWatts is a field: its value is missing"),
    (["set", DELTA_2, "mppt.cfgChgWatts", "600", "W"], USAGE,
     "gridloom: mppt.cfgChgWatts is a field, which takes one value and not 2; a value with a space stands in quotes"),
    (["set", DELTA_2, "mppt.cfgChgWatts", "0.6MW"], USAGE,
     'gridloom: mppt.cfgChgWatts is "0.6MW": must be a number of W'),
    (["set", DELTA_2, "acChgCfg"], USAGE,
     "gridloom: acChgCfg needs a parameter: chgWatts=VALUE or chgPauseFlag=VALUE"),
    (["set", DELTA_2, "acChgCfg=600"], USAGE,
     "gridloom: acChgCfg is a command: its parameters follow as words of their own, chgWatts=VALUE or "
     "chgPauseFlag=VALUE"),
    (["set", DELTA_2, "acChgCfg", "chgWatts=600", "chgWatts=700"], USAGE, "gridloom: chgWatts is given twice"),
    (["set", DELTA_2, "soc", "5"], USAGE, "gridloom: no command of DELTA 2 sets pd.soc: it can only be read"),
    (["set", "M106", "bp2000.*.chgDsgMosState", "3"], USAGE,
     "gridloom: name the command that is to set bp2000.*.chgDsgMosState: powerOff enable=VALUE (sets 0 (both open))"),
    (["watch", DELTA_2, "nosuch"], USAGE,
     'gridloom: there is no field "nosuch"; `gridloom family show delta_2` lists them'),
    (["watch", DELTA_2, "soc", "--every", "0s"], USAGE,
     'gridloom: --every is "0s": must be a span of time from 200ms to ...'),
]

EXPLAINED = [
    (["explain", "delta2", "soc"], USAGE,
     "gridloom: delta2 is neither a family nor a serial number of one; did you mean delta_2?"),
    (["explain", "delta_2", "acChgCgf"], USAGE,
     'gridloom: DELTA 2 has no command or field "acChgCgf"; did you mean acChgCfg...? '
     "`gridloom family show delta_2` lists them"),
]

SERVER = [
    (["token", "add", "x", "--account", "demmo"], FAILED,
     "gridloom: there is no account demmo; did you mean demo? `gridloom account list` lists them"),
    (["token", "add", "x", "--account", "demo", "--valid-for", "3"], USAGE,
     'gridloom: --valid-for is "3": must be a span of time: ..., or never'),
    (["token", "remove", "7"], FAILED, "gridloom: there is no token 7"),
    (["sign-in", "--account", "demmo"], FAILED,
     "gridloom: there is no account demmo; did you mean demo? `gridloom account list` lists them"),
    (["history", DELTA_2, "scoc"], USAGE,
     f'gridloom: {DELTA_2} has no field "scoc"; did you mean soc...? `gridloom family show delta_2` lists the fields'),
    (["history", DELTA_2, "pd.scoc"], USAGE,
     f'gridloom: {DELTA_2} has no field "pd.scoc"; did you mean pd.soc? '
     "`gridloom family show delta_2` lists the fields"),
    (["history", DELTA_2, "frobnicate"], USAGE,
     f'gridloom: {DELTA_2} has no field "frobnicate"; `gridloom family show delta_2` lists the fields'),
    (["history", "R331NONE", "soc"], FAILED,
     "gridloom: there is no device R331NONE; there are ..."),
    (["history", DELTA_2, "soc", "--from", "now", "--to", "-1d"], USAGE, "gridloom: ..."),
    (["device", "list", "--owner", "demmo"], FAILED,
     "gridloom: there is no account demmo; did you mean demo? `gridloom account list` lists them"),
    (["device", "add", "ZZ98NEW", "--owner", "demmo"], FAILED,
     "gridloom: there is no account 'demmo'; did you mean demo?"),
    (["device", "add", "ZZ98NEW", "--owner", "nobody"], FAILED,
     "gridloom: there is no account 'nobody'; there is demo"),
    (["fault", "on", "slow_answer", "--account", "demmo"], FAILED,
     "gridloom: there is no account demmo; did you mean demo?"),
    (["device", "list", "--owner", "nobody"], FAILED,
     "gridloom: there is no account nobody; `gridloom account list` lists them"),
    (["device", "remove", "ZZ*"], FAILED,
     "gridloom: no device has a serial number like ZZ*; `gridloom device list` lists the devices"),
    (["device", "remove", "R331*"], USAGE,
     "gridloom: ... with R331*: nothing was removed; --dry-run lists them, and --yes removes them and their history"),
    (["device", "remove", DELTA_2, "--dry-run"], USAGE,
     "gridloom: --owner and --dry-run are for patterns, such as 'R331*'"),
    (["device", "share", DELTA_2, "demo", "all"], USAGE,
     'gridloom: rights is "all": must be monitor, full or none'),
    (["device", "rename", "R331NONE", "Kiln"], FAILED, "gridloom: ...R331NONE..."),
    (["fault", "on", "disconect"], USAGE,
     'gridloom: there is no fault "disconect"; there are those of virtual devices, ...; and of the platform, ...; '
     "did you mean disconnect?"),
    (["fault", "on", "disconnect", "--for", "long"], USAGE,
     'gridloom: --for is "long": must be a span of time: a number and a unit, such as 250ms, 30s, 15m, 2h, 7d or 1w'),
    (["fault", "on", "disconnect", "--device", "R331NONE"], FAILED,
     "gridloom: there is no device R331NONE; there are ..."),
    *[([*words], FAILED, "gridloom: there is no device kitchn; did you mean Kitchen power station (" + DELTA_2 + ")?")
      for words in (["get", "kitchn"], ["status", "kitchn"], ["watch", "kitchn"], ["device", "show", "kitchn"],
                    ["set", "kitchn", "soc", "1"], ["history", "kitchn", "soc"], ["device", "rename", "kitchn", "Kiln"],
                    ["device", "share", "kitchn", "demo", "full"], ["device", "move", "kitchn", "demo"],
                    ["device", "rotate", "kitchn"], ["device", "remove", "kitchn"],
                    ["fault", "on", "disconnect", "--device", "kitchn"],
                    ["fault", "off", "disconnect", "--device", "kitchn"],
                    ["record", "--out", "{none}/a.loom", "--device", "kitchn"])],
    (["explain", "kitchn", "soc"], USAGE,
     "gridloom: there is no device kitchn; did you mean Kitchen power station (" + DELTA_2 + ")?"),
    (["device", "remove", "kitchen"], USAGE,
     f'gridloom: "kitchen" is a part of Kitchen power station ({DELTA_2}): nothing was removed; --yes removes it and '
     "its history"),
    (["device", "move", "kitchen", "demo"], USAGE,
     f'gridloom: "kitchen" is a part of Kitchen power station ({DELTA_2}): this cannot be undone, so it wants the '
     "whole name or serial number"),
    (["audit", "--device", "power station"], FAILED, 'gridloom: "power station" fits several devices: ...'),
    (["fault", "off", "disconnect"], FAILED, "gridloom: the fault disconnect is not on"),
    (["time", "step", "soon"], USAGE,
     'gridloom: time step is "soon": must be a span of time: a number and a unit, such as 250ms, 30s, 15m, 2h, 7d or '
     "1w"),
    (["time", "speed", "fast"], USAGE, 'gridloom: FACTOR: "fast" is not valid: must be a number'),
    (["record", "--out", "{none}/a.loom", "--device", "R331NONE"], FAILED, "gridloom: ...R331NONE..."),
]

FOLDERS = [
    (["device", "list", "--data", "{none}"], FAILED,
     "gridloom: no Gridloom data in {none} (it has no registry.sqlite): --data is the folder that "
     "`gridloom serve --data {none}` uses; that command, `gridloom account add` and `gridloom restore` create a new one"),
    (["check", "{none}"], FAILED,
     "gridloom: {none} is neither a data folder nor a backup: it has no registry.sqlite and no backup.json"),
    (["migrate", "--from", "{none}", "--to", "{folder}"], USAGE,
     "gridloom: --from and --to: one is a data folder, and the other is a database, postgres://USER@HOST/DATABASE"),
    (["migrate", "--from", "{none}", "--to", "postgres://ann:secret@localhost/home"], USAGE, "gridloom: ...password..."),
    (["family", "guess", "{none}"], FAILED, "gridloom: ...{none}..."),
    (["family", "page", "delta2"], USAGE, "gridloom: there is no family delta2; did you mean delta_2?..."),
    (["family", "check", "{folder}"], FAILED, "gridloom: {folder}: cannot be read: it is a folder, not a file"),
    (["family", "check", "{none}"], FAILED, "gridloom: {none}: cannot be read: No such file or directory"),
    (["home", "check", "{folder}"], FAILED, "gridloom: {folder}: cannot be read: it is a folder, not a file"),
    (["home", "check", "{file}"], FAILED, "{file}:1: must be a mapping of home, description, include and sites; it is ..."),
    (["home", "show", "{none}/flat.yaml"], FAILED,
     "gridloom: {none}/flat.yaml: cannot be read: No such file or directory"),
    (["home", "check", "{tab}"], FAILED, "{tab}:3: a tab: YAML is indented with spaces"),
    (["home", "new", "{file}"], FAILED, "gridloom: {file} exists already, or cannot be written"),
    (["block", "show", "{file}"], FAILED, "gridloom: {file}: ..."),
    (["segment", "show", "{file}"], FAILED, "gridloom: {file}: ...not a segment..."),
    (["restore", "{folder}", "--data", "{none}"], FAILED, "gridloom: {folder} is not a complete backup: ..."),
    (["restore", "{none}/backup", "--data", "{none}"], FAILED, "gridloom: there is no folder {none}/backup"),
    (["config", "check", "{file}"], USAGE,
     'gridloom: {file}:1: "htttp" is no option of serve; did you mean http or https? `gridloom serve --help` lists '
     "them"),
    (["config", "check", "{none}/gridloom.conf"], USAGE, "gridloom: ...{none}/gridloom.conf..."),
]

# The text of a configuration file, and what is wrong with it.
CONFIGS = [
    ('data = "data"\nhttp 127.0.0.1\n', '2: "http 127.0.0.1" is not KEY = VALUE, such as http = "127.0.0.1:8080"'),
    ("# a comment\n\nnonsense = 3\n", '3: "nonsense" is no option of serve; `gridloom serve --help` lists them'),
    ("log-levle = \"info\"\n", '1: "log-levle" is no option of serve; did you mean log-level? ...'),
    ('[srve]\nhttp = "127.0.0.1:0"\n', "1: there is no section [srve]: all keys are options of serve"),
    ('http = "127.0.0.1:0"\nlog-level = "loud"\n',
     '2: --log-level: "loud" is not valid: must be trace, debug, info, warn, error or off'),
    ('limit = [\n  "http.body-bytes=65536"]\n', '1: a list begins on the line of its key: limit = ["...",'),
    ('strict = ja\n', '1: --strict: "ja" is not valid: must be true or false'),
    ('threads = "many"\n', '1: --threads: "many" is not valid: must be a whole number from 0 to 256'),
]
# A configuration file, and why a server does not start with it.
UNFIT = [
    ('public-host = "https://home.example"\n',
     '--public-host: "https://home.example" is neither a host name nor an address'),
    ('demo = true\npast = "21d"\nhome = "./nofile.yaml"\n',
     "./nofile.yaml: cannot be read: No such file or directory"),
    ('demo = true\npast = "21d"\nbridge = ["mqtt a account=ann broker=mqtt://127.0.0.1:1"]\n',
     '--bridge: a: there is no account "ann"; `gridloom account add` adds one'),
]
# Words that people type, which are other names of what there is.
ALIASES = [
    (["-V"], ["--version"]),
    (["version"], ["--version"]),
    (["device", "ls"], ["device", "list"]),
    (["account", "ls"], ["account", "list"]),
    (["family", "ls"], ["family", "list"]),
    (["fault", "ls"], ["fault", "list"]),
    (["token", "ls"], ["token", "list"]),
    (["home", "ls"], ["home", "list"]),
    (["plot", DELTA_2, "pd.beepMode", "--json"], ["history", DELTA_2, "pd.beepMode", "--json"]),
    (["history", "kitchen", "pd.beepMode", "--last", "1m", "--csv"],
     ["history", DELTA_2, "pd.beepMode", "--from", "-1m", "--csv"]),
]


class MistakesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        folder = temporary_folder()
        file = folder / "file"
        file.write_text('htttp = "127.0.0.1:0"\n')
        tab = folder / "tab.yaml"
        tab.write_text("home: A flat\nsites:\n\tflat: {}\n")
        cls.places = {"tab": tab, "data": cls.server.data, "none": folder / "none", "file": file, "folder": folder}

    def filled(self, text):
        for name, place in self.places.items():
            text = text.replace("{" + name + "}", str(place))
        return text

    def check(self, rows, *also):
        for words, code, message in rows:
            with self.subTest(" ".join(words)):
                done = cli(*map(self.filled, words), *also)
                pattern = ".*".join(map(re.escape, self.filled(message).split("...")))
                self.assertRegex(done.stderr, rf"\A{pattern}\n\Z")
                self.assertEqual((done.returncode, done.stdout), (code, ""))

    def test_wrong_commands(self):
        self.check(COMMANDS)

    def test_wrong_and_missing_options(self):
        self.check(OPTIONS)

    def test_wrong_values(self):
        self.check(VALUES)

    def test_what_only_the_server_knows(self):
        self.check(SERVER, "--data", self.server.data)

    def test_wrong_words_about_the_home(self):
        self.check(TERMINAL, "--data", self.server.data)

    def test_wrong_words_that_need_no_server(self):
        self.check(EXPLAINED)

    def test_wrong_folders_and_files(self):
        self.check(FOLDERS)

    def test_wrong_configuration_files(self):
        file = temporary_folder() / "gridloom.conf"
        for text, message in CONFIGS:
            file.write_text(text)
            for words in (["config", "check", file], ["--config", file, "serve"]):
                with self.subTest(text, words=words[0]):
                    done = cli(*words)
                    pattern = ".*".join(map(re.escape, message.split("...")))
                    self.assertRegex(done.stderr, rf"\Agridloom: {re.escape(str(file))}:{pattern}\n\Z")
                    self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
        file.write_text('http = "127.0.0.1:0"\nlimit = ["http.body-byte=1"]\n')
        done = cli("config", "check", file)
        self.assertEqual(done.returncode, USAGE)
        self.assertRegex(done.stderr, f'{file}: .*there is no limit "http.body-byte"; did you mean http.body-bytes')
        file.write_text('# good\nhttp = "127.0.0.1:0"\nstrict\n'
                        'limit = ["http.body-bytes=65536",\n  "http.header-bytes=8192"]\n')
        done = cli("config", "check", file)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"{file}: good", done.stdout)

    def test_what_a_server_refuses_a_check_refuses(self):
        folder = temporary_folder()
        file = folder / "gridloom.conf"
        for text, message in UNFIT:
            with self.subTest(text):
                file.write_text(text + f'data = "{folder}/data"\n')
                checked, served = cli("config", "check", file), cli("--config", file, "serve")
                self.assertEqual((checked.returncode, checked.stderr), (USAGE, f"gridloom: {file}: {message}\n"))
                self.assertIn(served.returncode, (FAILED, USAGE))
                self.assertEqual(served.stderr, f"gridloom: {message}\n")
                self.assertFalse((folder / "data").exists())

    def test_other_names_do_the_same(self):
        for words, real in ALIASES:
            with self.subTest(" ".join(words)):
                also = [] if words[0] in ("-V", "version", "family", "home") else ["--data", str(self.server.data)]
                done, wanted = cli(*words, *also), cli(*real, *also)
                self.assertEqual((done.returncode, done.stderr), (0, wanted.stderr))
                if words[0] not in ("plot", "history"):  # the time goes on between them
                    self.assertEqual(done.stdout, wanted.stdout)

    def test_the_only_account_is_meant(self):
        first = told(cli("token", "add", "x", data=self.server.data))
        self.assertEqual(first["account"], "demo")
        data = temporary_folder() / "data"
        for name in ("ann", "ben"):
            told(cli("account", "add", name, data=data))
        for words in (["token", "add", "x"], ["bridge", "add", "nut", "x"]):
            done = cli(*words, data=data)
            self.assertEqual((done.returncode, done.stderr),
                             (USAGE, "gridloom: choose an account with --account: there are ann, ben\n"))

    def test_options_may_stand_before_the_command(self):
        done = cli("--data", self.server.data, "device", "list")
        self.assertEqual((done.returncode, done.stdout), (0, self.server.cli("device", "list").stdout))
        self.assertEqual(cli(f"--data={self.server.data}", "--json", "status").returncode, 0)

    def test_days_have_names(self):
        for day in ("yesterday", "today", "24.11.2025", "24.11.2025 14:05"):
            done = cli("history", DELTA_2, "soc", "--from", day, "--csv", data=self.server.data)
            with self.subTest(day):
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_list_is_not_drawn(self):
        done = self.server.cli("history", "Home panel", "channelPower.infoList")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(done.stderr,
                         "channelPower.infoList is no number (array), and is not drawn; --json shows its values\n")

    def test_keys_that_are_refused_are_named(self):
        facts, home = self.server.facts, str(temporary_folder())
        for key, message in ((facts["accessKey"], "the secret key does not belong to the access key "
                              f"{facts['accessKey']} (8521)"),
                             ("NoSuchAccessKey", f"no account of {facts['http']} has the access key NoSuchAccessKey "
                              "(8513)")):
            done = subprocess.run(
                [servers.GRIDLOOM, "login", "x", "--host", facts["http"], "--access-key", key], input="wrong\n",
                text=True, capture_output=True, env={**os.environ, "XDG_CONFIG_HOME": home})
            self.assertEqual((done.returncode, done.stderr.splitlines()[-1]), (FAILED, f"gridloom: {message}"))

    def test_a_plain_port_needs_its_scheme(self):
        host = self.server.facts["http"].removeprefix("http://")
        done = subprocess.run(
            [servers.GRIDLOOM, "login", "x", "--host", host, "--access-key", "x"], input="x\n", text=True,
            capture_output=True, env={**os.environ, "XDG_CONFIG_HOME": str(temporary_folder())})
        self.assertEqual((done.returncode, done.stderr.splitlines()[-1]),
                         (FAILED, f"gridloom: {host} does not speak TLS as this program does; a port without TLS is "
                          f"http://{host}"))

    def test_the_run_script_refuses_what_contradicts(self):
        for words, message in (
            (["--cluster", "2", "--postgres"], "--cluster has a PostgreSQL of its own: it goes without --postgres"),
            (["--cluster", "2", "--http", "127.0.0.1:9000"],
             "each node of a cluster has addresses of its own, which it says: it goes without --http"),
            (["--postgres", "--data", "x"], "--postgres has its data in ./data-postgres: it goes without --data and "
             "--config"),
        ):
            done = subprocess.run([ROOT / "run", *words], text=True, capture_output=True, cwd=temporary_folder())
            self.assertEqual((done.returncode, done.stderr), (FAILED, f"run: {message}\n"))

    def test_scenarios(self):
        folder = temporary_folder()
        for text, message in (
            ("device delta2 R331TEST1 owner demo\n",
             "1: there is no family delta2; there are ...; did you mean delta_2?"),
            ("device delta_2 R331TEST1 owner demo\nnever: pd.scoc > 3\n",
             "2: pd.scoc > 3: no virtual device here has such numbers; none has pd.scoc; did you mean pd.soc?"),
            ("devcie delta_2 R331TEST1 owner demo\n",
             "1: there is no line that begins with devcie; did you mean device?"),
            ("device delta_2 R331TEST1 owner demo\n! fault on disconect for 30s\n", "...did you mean disconnect?"),
        ):
            (folder / "a.loom").write_text(text)
            done = cli("simulate", folder / "a.loom", patience_s=100)
            pattern = ".*".join(map(re.escape, message.split("...")))
            with self.subTest(text):
                self.assertRegex(done.stdout, pattern)
                self.assertEqual(done.returncode, FAILED)

    def test_there_are_a_hundred(self):
        lists = (COMMANDS, OPTIONS, VALUES, TERMINAL, EXPLAINED, SERVER, FOLDERS, CONFIGS, ALIASES)
        self.assertGreaterEqual(sum(map(len, lists)), 100)


if __name__ == "__main__":
    run_tests()
