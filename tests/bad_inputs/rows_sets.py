"""Sets that a family does not take. Each is sent through both doors: HTTP answers 1008, MQTT replies
with code "-1", both with a message that names the parameter, its value and what would be right.

Row: what is wrong, the device, the set without its sn, pieces of the message.
"""
from home import DELTA, KITS, OCEAN, PANEL, STREAM


def delta(module, operate, /, **params):
    return {"moduleType": module, "operateType": operate, "params": params}


def panel(number, /, **params):
    return {"operateType": "TCP", "params": {"cmdSet": 11, "id": number, **params}}


def kits(operate, /, **params):
    return {"moduleSn": "0" * 16, "moduleType": 0, "operateType": operate, "params": params}


def stream(command, /, **params):
    return {"cmdCode": "WN511_" + command, "params": params}


ROWS = [
    # DELTA 2
    ("above a range", DELTA, delta(5, "dcChgCfg", dcChgCfg=10001), "dcChgCfg is 10001", "4000 to 10000"),
    ("below a range", DELTA, delta(5, "dcChgCfg", dcChgCfg=3999), "dcChgCfg is 3999", "4000 to 10000"),
    ("below zero", DELTA, delta(5, "carStandby", standbyMins=-1), "standbyMins is -1", "0 to 5999"),
    ("none of the values", DELTA, delta(5, "quietMode", enabled=2), "enabled is 2", "0 (off) or 1 (on)"),
    ("true for 1", DELTA, delta(5, "quietMode", enabled=True), "enabled is true", "whole number"),
    ("a text for a number", DELTA, delta(5, "quietMode", enabled="1"), 'enabled is "1"', "whole number"),
    ("null for a number", DELTA, delta(5, "quietMode", enabled=None), "enabled is null", "whole number"),
    ("a list for a number", DELTA, delta(5, "quietMode", enabled=[1]), "enabled is [1]", "whole number"),
    ("an object for a number", DELTA, delta(5, "quietMode", enabled={"a": 1}), "enabled is {", "whole"),
    ("a fraction", DELTA, delta(5, "carStandby", standbyMins=1.5), "standbyMins is 1.5", "whole number"),
    ("beyond 32 bits", DELTA, delta(1, "standbyTime", standbyMin=2**40), "standbyMin is", "0 to 5999"),
    ("beyond 64 bits", DELTA, delta(1, "standbyTime", standbyMin=2**70), "standbyMin is", "0 to 5999"),
    ("a number of 300 digits", DELTA, delta(1, "standbyTime", standbyMin=10**299), "standbyMin is"),
    ("1e308", DELTA, delta(1, "standbyTime", standbyMin=1e308), "standbyMin is", "0 to 5999"),
    ("a text of 10 KB in two-byte letters", DELTA, delta(1, "standbyTime", standbyMin="\u00e9" * 5000),
     "standbyMin is", "..."),
    ("a text of 10 KB", DELTA, delta(1, "standbyTime", standbyMin="x" * 10_000), "standbyMin is", "..."),
    ("a parameter that there is not", DELTA, delta(5, "quietMode", silent=1), "params.silent", "enabled"),
    ("no parameter", DELTA, delta(5, "quietMode"), "names nothing", "enabled"),
    ("no params", DELTA, {"moduleType": 5, "operateType": "quietMode"}, "params is missing", "object"),
    ("params a list", DELTA, {"moduleType": 5, "operateType": "quietMode", "params": [1]},
     "params is [1]", "object"),
    ("params null", DELTA, {"moduleType": 5, "operateType": "quietMode", "params": None},
     "params is null", "object"),
    ("no moduleType", DELTA, {"operateType": "quietMode", "params": {"enabled": 1}},
     "moduleType is missing", "operateType"),
    ("no operateType", DELTA, {"moduleType": 5, "params": {"enabled": 1}}, "operateType is missing"),
    ("nothing at all", DELTA, {}, "params is missing"),
    ("the command of another family", DELTA, panel(24, eps=1), "moduleType is missing"),
    ("a frequency of none", DELTA, delta(5, "acOutCfg", out_freq=55), "out_freq is 55", "50", "60"),
    ("a voltage of none", DELTA, delta(5, "acOutCfg", out_voltage=99), "out_voltage is 99", "100 to 240"),
    ("one right, one wrong", DELTA, delta(5, "acChgCfg", chgWatts=400, chgPauseFlag=7),
     "chgPauseFlag is 7", "0 (off) or 1 (on)"),
    # PowerStream
    ("PowerStream above a range", STREAM, stream("SET_BAT_UPPER_PACK", upperLimit=101),
     "upperLimit is 101", "70 to 100"),
    ("PowerStream below a range", STREAM, stream("SET_BAT_LOWER_PACK", lowerLimit=0),
     "lowerLimit is 0", "1 to 30"),
    ("PowerStream none of the values", STREAM, stream("SET_SUPPLY_PRIORITY_PACK", supplyPriority=2),
     "supplyPriority is 2", "0 (home) or 1 (battery)"),
    ("PowerStream a text", STREAM, stream("SET_PERMANENT_WATTS_PACK", permanentWatts="20"),
     'permanentWatts is "20"', "whole number", "0 to 8000"),
    ("PowerStream brightness", STREAM, stream("SET_BRIGHTNESS_PACK", brightness=1024),
     "brightness is 1024", "0 to 1023"),
    ("PowerStream a task that is none", STREAM, stream("DELETE_TIME_TASK", taskIndex=11),
     "taskIndex is 11", "0 to 10"),
    ("PowerStream a missing index", STREAM, stream("DELETE_TIME_TASK"), "taskIndex"),
    ("PowerStream no cmdCode", STREAM, {"params": {"upperLimit": 80}}, "cmdCode is missing"),
    # Smart Home Panel
    ("panel, a channel that is none", PANEL, panel(16, ch=10, ctrlMode=1, sta=1), "ch is 10", "0 to 9"),
    ("panel, a pack that is none", PANEL, panel(17, ch=9, ctrlMode=1, sta=1), "ch is 9", "10 to 11"),
    ("panel, no channel", PANEL, panel(16, ctrlMode=1, sta=1), "params.ch is missing"),
    ("panel, a state that is none", PANEL, panel(16, ch=1, sta=3), "sta is 3", "0 (grid), 1 (packs) or 2 (off)"),
    ("panel, a current too low", PANEL, panel(20, chNum=1, cur=5), "cur is 5", "6 to 30"),
    ("panel, a frequency of none", PANEL, panel(22, gridFreq=55), "gridFreq is 55", "50 or 60"),
    ("panel, true for 1", PANEL, panel(24, eps=True), "eps is true", "whole number"),
    ("panel, a name of 65 letters", PANEL, panel(32, chNum=1, info={"chName": "x" * 65}),
     "params.info.chName has 65", "64"),
    ("panel, a name that is a number", PANEL, panel(32, chNum=1, info={"chName": 5}),
     "params.info.chName is 5", "a string"),
    ("panel, an area that is a number", PANEL, panel(34, area=5), "area is 5", "a string"),
    ("panel, a list too short", PANEL, panel(18, cfgList=[{"linkMark": 1, "linkCh": 0}]),
     "cfgList has 1", "10"),
    ("panel, a list too long", PANEL, panel(18, cfgList=[{"linkMark": 0, "linkCh": 0}] * 11),
     "cfgList has 11", "10"),
    ("panel, a list of numbers", PANEL, panel(18, cfgList=[1] * 10), "cfgList[0] is 1", "an object"),
    ("panel, one wrong in a list", PANEL,
     panel(18, cfgList=[{"linkMark": 0, "linkCh": 0}] * 9 + [{"linkMark": 2, "linkCh": 0}]),
     "cfgList[9].linkMark is 2", "0 (no) or 1 (yes)"),
    ("panel, a task deep inside", PANEL,
     panel(81, cfgIndex=1, cfg={"comCfg": {"setTime": {"month": 13}}}),
     "params.cfg.comCfg.setTime.month is 13", "0 to 12"),
    ("panel, slots of a day too few", PANEL,
     panel(81, cfgIndex=1, cfg={"comCfg": {"timeScale": [0] * 17}}), "timeScale has 17", "18"),
    ("panel, a slot of nine bits", PANEL,
     panel(81, cfgIndex=1, cfg={"comCfg": {"timeScale": [256] + [0] * 17}}),
     "timeScale[0] is 256", "0 to 255"),
    ("panel, no task's place", PANEL, panel(82, cfg={}), "cfgIndex"),
    ("panel, a task's place that is none", PANEL, panel(82, cfgIndex=20), "cfgIndex is 20", "0 to 19"),
    ("panel, a year that is none", PANEL, panel(3, year=1999), "year is 1999", "2000 to 2099"),
    ("panel, no id", PANEL, {"params": {"cmdSet": 11, "eps": 1}}, "params.id is missing"),
    ("panel, no cmdSet", PANEL, {"params": {"id": 24, "eps": 1}}, "params.cmdSet is missing"),
    # Power Kits
    ("kits above a range", KITS, kits("socUpperLimit", maxChgSoc=101), "maxChgSoc is 101", "50 to 100"),
    ("kits none of the values", KITS, kits("dischgParaSet", volTag=2), "volTag is 2", "0 (12 V) or 1 (24 V)"),
    ("kits a text", KITS, kits("dischgParaSet", swSta="on"), 'swSta is "on"', "whole number"),
    ("kits a frequency", KITS, kits("dischgIcParaSet", acFrequencySet=55), "55", "50 or 60"),
    ("kits a time zone", KITS, kits("rtcBroadcast", timeZone=15), "timeZone is 15", "-12 to 14"),
    ("kits a generator's threshold", KITS, kits("oilStopUpLimit", soc=101), "soc is 101", "0 to 100"),
    ("kits nothing known", KITS, kits("powerOff", on=1), "params.on", "enable"),
    ("kits no operateType", KITS, {"moduleType": 0, "params": {"soc": 1}}, "operateType is missing"),
    # PowerOcean
    ("PowerOcean is read-only", OCEAN, {"params": {"anything": 1}}, "read-only"),
    ("PowerOcean with another family's set", OCEAN, delta(5, "quietMode", enabled=1), "read-only"),
    ("PowerOcean without params", OCEAN, {}, "read-only"),
]

# Selectors that a family does not know go to the device, which may be newer than its family's file;
# a virtual one answers 1008 itself, so the code is the same through both doors.
UNKNOWN = [
    ("a number for a text", DELTA, delta(5, 7, enabled=1), "moduleType operateType is 5 7", "5 quietMode"),
    ("an unknown command", DELTA, delta(5, "selfDestruct", enabled=1), "is 5 selfDestruct", "5 quietMode"),
    ("the command of another module", DELTA, delta(2, "quietMode", enabled=1), "is 2 quietMode", "5 quietMode"),
    ("PowerStream an unknown cmdCode", STREAM, stream("SET_NOTHING", upperLimit=80), "cmdCode is WN511_SET_NOTHING",
     "WN511_SET_BAT_UPPER_PACK"),
    ("PowerStream cmdCode a number", STREAM, {"cmdCode": 1, "params": {"upperLimit": 80}}, "cmdCode is 1"),
    ("panel, an unknown id", PANEL, panel(99, eps=1), "params.cmdSet params.id is 11 99", "11 24"),
    ("kits an unknown command", KITS, kits("selfDestruct", enable=1), "operateType is selfDestruct", "powerOff"),
]
