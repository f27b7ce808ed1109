"""More ways to say the same things, for training only: the held-out wordings come from phrases.py alone.

Same form as phrases.py. Written after it was seen that tiny knows its 3,700 wordings by heart and takes a tenth of
unseen ones wrong even when they are typed: breadth helps there, repetition doesn't. Knows nothing of how a sample is
put together. A template that the frozen rule of heldout.toml keeps out of training is left out here too.
"""

from models.tiny.phrases import Group
from models.tiny.slots import words

# fmt: off
COMMANDS: tuple[Group, ...] = (
    ("HassTurnOn", {}, 8, """
        (turn|switch|put|flip|get|have|bring|set) {thing} on
        (turn|switch|put|flip|flick|click|power|pop|toggle|snap) on {thing}
        (start|run|launch|boot|wake|wake up|kick off|get started with|spin up|crank up|light) {thing}
        (enable|activate|engage|operate|use|energize|trigger|initiate) {thing}
        {thing} (please on|on now|should be on|needs to be on|has to go on|must be on|to on|goes on|back on)
        (turn|switch|put|get|bring) {thing} back on
        (turn|switch) back on {thing}
        (make|let|have) {thing} (come on|go on|start|run|work)
        (is it possible|would it be possible) to (turn|switch) on {thing}
        (would you mind|do you mind) (turning|switching|putting) on {thing}
        (would you mind|do you mind) (turning|switching|putting) {thing} on
        (i want|i'd like|i need|we need|we want|i would like) {thing} (to be on|turned on|switched on|running|on now)
        (i want|i'd like|i need|we want|i would like) you to (turn|switch|put) {thing} on
        (how about|what about) (turning|switching) {thing} on
        (on|power) for {thing}
        (ensure|check|verify|be sure) that {thing} is (on|turned on|running)
        (the switch for|power to|power for) {thing} on
    """),
    ("HassTurnOn", {}, 4, """
        (turn|switch|put|flip|get|have) (the|some|all the|all) (light|lights|lamp|lamps) on in the {room}
        (turn|switch|put|flip|flick) on (the|some) (light|lights|lamp|lamps) in the {room}
        (turn|switch|put) on the {room}
        {room} (light|lights|lamp) (on|please on|on now|up)
        (light|lights|lamp|lamps) in the {room} on
        (brighten|lighten|light) (up|) the {room}
        (it's|it is) (too dark|dark|so dark|very dark|pitch dark) in the {room}
        (i can't|i cannot|we can't) see (anything|a thing|) in the {room}
        make it (light|bright) in the {room}
        (get|bring|put|shine|throw) (some|a bit of|a little) light (into|in|on) the {room}
        (in|for) the {room} (lights|light|lamp) on
        in the {room} (i want|i need|we need) (the light|some light|the lights) (on|)
        the {room} needs (light|some light|to be lit)
        illuminate the {room}
    """),
    ("HassTurnOn", {}, 1.4, """
        (turn|switch|put|flip|get|have|set) the (fan|ventilator) (on|running|going) in the {fanroom}
        (turn|switch|put) on the {fanroom} (fan|ventilator)
        (start|run|activate|spin) the (fan|ventilator) in the {fanroom}
        (get|bring|put|blow) some (air|fresh air|breeze) in the {fanroom}
        {fanroom} fan (on|running|start|going|on now)
        the fan in the {fanroom} (on|should run|should be on)
        let the {fanroom} fan (run|spin)
    """),
    ("HassTurnOn", {"name": "thermostat"}, 1, """
        (turn|switch|put|get|have|start|fire) (up|on|) the (heating|heat|radiators|radiator|thermostat)
        (turn|switch|put|get) the (heating|heat|radiators|thermostat) on
        (heating|heat) (on|start|please on)
        (enable|activate|start up|power up|fire up) the (heating|thermostat|heat)
        (warm|heat) up the (house|place|home|flat)
        (get|make) the (house|place) warm
        (we|i) need the (heating|heat) on
    """),
    ("HassTurnOn", {}, 1.4, """
        (turn|switch|put|flip|flick|get|have) {alllights} on
        (turn|switch|put|flip|flick) on {alllights}
        {alllights} (please on|on now|should be on|to on)
        (activate|enable|start) {alllights}
        (i want|i'd like|we need) {alllights} (on|turned on)
        (turn|switch|put|get|have|set) {allfans} (on|going|running)
        (start|run|activate|turn on|switch on) {allfans}
        {allfans} (on|running|going)
    """),
    ("HassTurnOff", {}, 8, """
        (turn|switch|put|flip|get|have|bring|set|shut|power|knock|click) {thing} off
        (turn|switch|shut|flip|flick|click|power|knock|snap) off {thing}
        (stop|kill|cut|end|halt|quit|extinguish|shut down|power down|close down|wind down) {thing}
        (disable|deactivate|disengage|de-energize|unplug|terminate|interrupt) {thing}
        {thing} (please off|off now|should be off|needs to be off|has to go off|must be off|to off|goes off)
        (make|let|have) {thing} (go off|stop|go out|shut off)
        (is it possible|would it be possible) to (turn|switch) off {thing}
        (would you mind|do you mind) (turning|switching|shutting) off {thing}
        (would you mind|do you mind) (turning|switching|shutting) {thing} off
        (i want|i'd like|i need|we need|we want|i would like) {thing} (to be off|turned off|switched off|off now)
        (i want|i'd like|i need|we want|i would like) you to (turn|switch|shut) {thing} off
        (how about|what about) (turning|switching) {thing} off
        (ensure|check|verify|be sure) that {thing} is (off|turned off)
        (i'm|we're) (done|finished) with {thing}
        (we|you) (don't|do not|no longer) need {thing} (on|running|now|)
    """),
    ("HassTurnOff", {}, 4, """
        (turn|switch|put|flip|get|have|shut) (the|all the|all) (light|lights|lamp|lamps) (off|out) in the {room}
        (turn|switch|shut|flip|flick) off (the|) (light|lights|lamp|lamps) in the {room}
        (turn|switch) off the {room}
        {room} (light|lights|lamp) (off|please off|off now|out)
        (light|lights|lamp|lamps) in the {room} (off|out)
        (make|get) (it|) (dark|darker|completely dark) in the {room}
        make the {room} dark
        (it's|it is) too bright in the {room} lights off
        (in|for) the {room} (lights|light|lamp) (off|out)
        in the {room} (i want|i need) the (light|lights) off
        (kill|cut|stop|extinguish) the (light|lamp) in the {room}
        (we|i) (don't need|need no) light in the {room} (anymore|any more|now|)
        the {room} (light|lamp) can (go off|be turned off)
    """),
    ("HassTurnOff", {}, 1.4, """
        (turn|switch|put|flip|get|have|shut) the (fan|ventilator) off in the {fanroom}
        (turn|switch|shut) off the {fanroom} (fan|ventilator)
        (stop|cut|deactivate|end|shut down) the (fan|ventilator) in the {fanroom}
        {fanroom} fan (off|stop|please off|off now)
        the fan in the {fanroom} (off|should stop|should be off)
        (no more|enough) (air|breeze) in the {fanroom}
        let the {fanroom} fan stop
    """),
    ("HassTurnOff", {}, 1.8, """
        (turn|switch|put|flip|flick|get|have|shut) {alllights} (off|out)
        (turn|switch|shut|flip|flick) off {alllights}
        {alllights} (please off|off now|should be off|to off)
        (deactivate|disable|stop|extinguish) {alllights}
        (i want|i'd like|we need) {alllights} (off|turned off|out)
        (turn|switch|put|get|have|shut) {allfans} off
        (stop|kill|deactivate|turn off|switch off|shut down) {allfans}
        {allfans} (off|stop)
    """),
    ("HassTurnOff", {"domain": "light"}, 0.6, """
        (lights|all) (out|off) (in the whole house|in every room|all over the house|at home)
        (darkness|complete darkness|make it dark) everywhere
        (turn|switch|shut) every (light|lamp) off
        (turn|switch|shut) off every (light|lamp) (we have|in the house|at home|)
        no (lights|light) anywhere
        the whole house dark
    """),
    ("HassTurnOn", {"domain": "light"}, 0.4, """
        (turn|switch) every (light|lamp) on
        (turn|switch) on every (light|lamp) (we have|in the house|at home|)
        (light|lights) (everywhere|in the whole house|all over the house)
        the whole house bright
        light up every room
    """),
    ("HassOpenCover", {}, 3.6, """
        (open|raise|lift|hoist|pull up|roll up|wind up|draw up|draw back|open up|pull open|push up|part) {blinds}
        (pull|roll|put|draw|move|get|bring|have|wind|let|send|drive|run) {blinds} up
        (pull|draw|push|get|have|set|leave|make|swing) {blinds} open
        {blinds} (up|open|please open|up now|should be open|to open|all the way up|fully open)
        (open|raise|lift) {blinds} (fully|completely|all the way|as far as possible|right up|entirely|totally)
        (open|raise|lift|pull up) (the|all the) (blinds|curtains|shades) in the {blindroom}
        in the {blindroom} (open|raise|lift|pull up) the (blinds|curtains|shades)
        (i want|i'd like|i need) {blinds} (to be open|opened|raised|up now)
        let (in|) the (sunshine|sun|light|morning) in through {blinds}
        (would you mind|do you mind) (opening|raising|lifting) {blinds}
        (open|raise|lift|roll up|pull up|bring up) {allblinds} (fully|now|)
        {allblinds} (up now|should be open|please open)
        (get|pull|roll|move) {allblinds} up
    """),
    ("HassCloseCover", {}, 3.6, """
        (close|shut|lower|drop|pull down|roll down|wind down|let down|bring down|take down|draw) {blinds}
        (pull|roll|put|move|get|bring|have|wind|let|send|drive|run) {blinds} down
        (pull|draw|push|get|have|set|leave|make) {blinds} (closed|shut)
        {blinds} (down|shut|closed|please closed|down now|should be closed|to closed|all the way down|fully closed)
        (close|shut|lower) {blinds} (fully|completely|all the way|as far as possible|entirely|totally)
        (close|shut|lower|pull down) (the|all the) (blinds|curtains|shades) in the {blindroom}
        in the {blindroom} (close|shut|lower|pull down) the (blinds|curtains|shades)
        (i want|i'd like|i need) {blinds} (to be closed|shut|lowered|down now)
        (block|keep out|shut out) the sun with {blinds}
        (would you mind|do you mind) (closing|shutting|lowering) {blinds}
        (close|shut|lower|roll down|pull down|bring down) {allblinds} (fully|now|)
        {allblinds} (down now|should be closed|please closed)
        (get|pull|roll|move) {allblinds} down
    """),
    ("HassLock", {"name": "front door"}, 1.6, """
        (lock|bolt|secure|latch|bar|lock up) (the front door|the door|my front door|our front door|the entrance)
        (i want|i'd like|i need) the (front door|door) (locked|to be locked|bolted)
        (is it possible|would it be possible) to lock the front door
        (would you mind|do you mind) locking the (front door|door)
        (lock|secure) (up|) the (house|home|entrance) (for the night|)
        (keep|get|have|make) the front door (locked|bolted)
        the (front door|door) (should be locked|must be locked|needs locking|needs to be locked|to locked|lock)
        put the front door (on the lock|under lock)
        (ensure|be sure|check) the (front door|door) gets locked
        turn the key in the front door
    """),
    ("HassUnlock", {"name": "front door"}, 1.4, """
        (unlock|unbolt|unlatch|unbar) (the front door|the door|my front door|our front door|the entrance)
        (i want|i'd like|i need) the (front door|door) (unlocked|to be unlocked|unbolted)
        (is it possible|would it be possible) to unlock the front door
        (would you mind|do you mind) unlocking the (front door|door)
        (remove|undo|release|open|take off) the (lock|bolt|latch) (on|of|from) the (front door|door)
        (get|have|make) the front door unlocked
        the (front door|door) (should be unlocked|needs unlocking|needs to be unlocked|to unlocked|unlock)
        unlock the (house|home|front) (for me|)
    """),
    ("HassLightSet", {}, 6, """
        (set|dim|turn|put|bring|change|adjust|move|take|get|have|make|switch|regulate|tune|drop|fade) {nearlight} to {pct}
        (dim|turn|bring|take|fade|drop|push|move|go) {nearlight} (down|up|back) to {pct}
        (lower|raise|increase|decrease|reduce|brighten|boost|cut|lift) {nearlight} to {pct}
        {nearlight} (should be|must be|down to|up to|dimmed to|set to|please) {pct}
        (set|change|adjust|turn|put|bring|lower|raise) the brightness (of|on|for) {nearlight} to {pct}
        (the brightness|brightness) (of|for|on) {nearlight} (to|at|should be|) {pct}
        (i want|i'd like|i need|let me have|give me) {nearlight} (to be|at|on|down to|dimmed to) {pct}
        (would you mind|do you mind) (setting|dimming|turning) {nearlight} to {pct}
        (set|dim|turn|bring|adjust) (the|all the) (light|lights|lamp) in the {room} (down to|up to|to|at) {pct}
        in the {room} (set|dim|turn|bring|put) the (light|lights|lamp) (down|up|) to {pct}
        {pct} (brightness|light) (in|for) the {room}
        {pct} for {nearlight}
        {room} (light|lights|lamp) {pct}
        {nearlight} {pct} (brightness|bright)
        (set|put|turn|keep|have|leave) {nearlight} (at|on) {pct}
        (set|dim|turn|bring|put) {alllights} (down to|up to|to|at) {pct}
        {alllights} (to|at|) {pct}
    """),
    ("HassLightSet", {"brightness": 30}, 1.5, """
        (dim|soften|darken|lower|mute) {nearlight} (slightly|somewhat|a touch|a little bit|for me|)
        (make|have|get) {nearlight} (softer|lower|a bit darker|a little dimmer|not so bright|cosier|less strong)
        (turn|bring|take|tone|fade) {nearlight} down (slightly|somewhat|a touch|a little bit|)
        (dim|darken|soften|lower) (the|all the) (light|lights|lamp) in the {room}
        {nearlight} is too (bright|strong)
        (less|not so much) light in the {room}
        {nearlight} (dimmer|darker|lower|softer)
        (dim|soften|lower) {alllights} (slightly|a bit|)
    """),
    ("HassLightSet", {}, 1.5, """
        (set|turn|put|bring|dim|change|adjust|take|move) {nearlight} to {level} (brightness|power|)
        {nearlight} (should be|must be|set to|on|please) {level} (brightness|power)
        (i want|i'd like|give me) {nearlight} (at|to be at|on) {level} (brightness|power|)
        (set|change) the brightness (of|on) {nearlight} to {level}
        {level} (brightness|power|light) (for|from|on) {nearlight}
    """),
    ("HassLightSet", {"brightness": 100}, 1.2, """
        (turn|bring|push|crank|put|take) {nearlight} (all the way up|up all the way|right up|up fully|to the maximum)
        (make|have|get) {nearlight} (as bright as it goes|as bright as you can|very bright|super bright|brighter)
        {nearlight} (all the way up|at maximum|to the max|as bright as possible|full on)
        (brighten|max out|pump up|light up) {nearlight} (fully|completely|)
        (the brightest|full|maximum) setting (for|on) {nearlight}
    """),
    ("HassLightSet", {}, 5, """
        (make|turn|set|change|switch|colour|color|paint|shift|get|have|put|light) {nearlight} {color}
        (set|turn|change|switch|shift|move|adjust|put|tint|fade) {nearlight} to {color}
        (set|change|adjust|switch|make|turn) the (colour|color) (of|on|for) {nearlight} (to|) {color}
        {nearlight} (should be|must be|as|please|into|shall be|goes) {color}
        (i want|i'd like|i need|we want|give me) {nearlight} (to be|to shine|to glow|to go|in|as) {color}
        (would you mind|do you mind) (making|turning|setting) {nearlight} {color}
        (make|turn|set|change) (the|all the) (light|lights|lamp) in the {room} (to|) {color}
        in the {room} (make|turn|set|change|switch) the (light|lights|lamp) (to|) {color}
        (have|put|use|shine|get) (a|some|) {color} (light|lights) in the {room}
        {color} (light|lights|lamp|colour|color) (for|in) the {room}
        {color} for {nearlight}
        (let|have) {nearlight} (be|shine|glow|turn|become|go) {color}
        (how about|what about) {color} for {nearlight}
        {color} is the color (for|i want for) {nearlight}
        (make|turn|set|change|switch|paint) {alllights} (to|) {color}
        {alllights} (to|in|) {color}
    """),
    ("HassLightSet", {}, 1.4, """
        (make|turn|set|change|put) {nearlight} (to|) {color} (and|at|with|on) {pct}
        (make|turn|set) {nearlight} (to|) {color} (and|then) (dim|set|turn|bring|lower) it to {pct}
        (dim|set|turn|bring) {nearlight} to {pct} and (make|turn|set|colour) it {color}
        {nearlight} (to|in|) {color} (and|at) {pct}
        (i want|i'd like) {nearlight} {color} (at|and) {pct}
        {color} at {pct} (for|on) {nearlight}
    """),
    ("HassSetPosition", {}, 3.4, """
        (set|open|move|put|bring|turn|raise|lower|adjust|close|drive|roll|pull|get|take|change|shift|run) {blinds} to {position}
        (raise|lower|pull|roll|move|bring|take|let|put|drive) {blinds} (up|down|back) to {position}
        (set|put|keep|have|leave) {blinds} (at|on) {position}
        {blinds} (should be|must be|down to|up to|set to|open to|please) {position}
        (open|close|raise|lower) {blinds} (by|up to|down to|) {position}
        (set|change|adjust|move) the (position|height|level) (of|for) {blinds} to {position}
        (i want|i'd like|i need) {blinds} (to be|at|open to|at about|set to) {position}
        (would you mind|do you mind) (setting|moving|opening) {blinds} to {position}
        (set|move|open|put|bring) (the|all the) (blinds|curtains|shades) in the {blindroom} (at|to) {position}
        in the {blindroom} (set|move|open|put|bring) the (blinds|curtains|shades) to {position}
        {position} (for|open for) {blinds}
        {blinds} {position} (open|up)
        (set|move|open|put|bring|raise|lower) {allblinds} (at|to) {position}
    """),
    ("HassSetPosition", {"position": 50}, 1.4, """
        (open|close|lower|raise|pull|move|put|bring|roll|drop|lift|draw|set) {blinds} (halfway|half way|half|to half|half the way)
        {blinds} (halfway|half open|half closed|half up|half down|half way|to the middle|in the middle)
        (open|close|lower|raise) (the|all the) (blinds|curtains|shades) in the {blindroom} (halfway|half way|half)
        (i want|i'd like) {blinds} (halfway|half open|half closed|half way up|half way down)
        (leave|keep|have) {blinds} (half open|half closed|halfway)
        (open|close|lower|raise|set) {allblinds} (halfway|half way|to half)
    """),
    ("HassClimateSetTemperature", {}, 6, """
        (set|turn|put|change|adjust|bring|move|get|have|make|regulate|program|take|switch) {heating} to {degrees}
        (turn|bring|put|take|move|push|go|crank) {heating} (up|down|back) to {degrees}
        (raise|lower|increase|decrease|reduce|drop|cut|lift) {heating} to {degrees}
        {heating} (should be|must be|up to|down to|on|set to|please) {degrees}
        (set|put|keep|have|leave|hold) {heating} (at|on) {degrees}
        (set|change|adjust|turn|bring|put|get|raise|lower) the (temperature|room temperature) (up|down|) to {degrees}
        (set|keep|hold|have|make) the temperature (at|) {degrees}
        (temperature|the temperature) (should be|at|to|of|) {degrees}
        (i want|i'd like|i need|we want|let me have) (a temperature of|the temperature at|it to be|it at|the heating at|the heating on) {degrees}
        (i'd like|i want) the (house|room|flat|place) (to be|at|warmed to|heated to) {degrees}
        (would you mind|do you mind) (setting|turning) {heating} to {degrees}
        (make|get|keep|have) (it|the house|the room|the place) {degrees} (warm|in here|)
        (heat|warm) (the house|the room|the place|us|everything|it) (up|) to {degrees}
        (cool|cool down) (the house|the room|the place|it) to {degrees}
        {degrees} (please|in here|in the house|for the heating|on the thermostat|is what i want)
        (how about|what about) {degrees} in here
    """),
    ("HassSetVolume", {}, 4.2, """
        (set|turn|put|change|adjust|bring|move|get|make|take|have|switch|regulate) the (volume|sound|loudness) to {volume}
        (turn|bring|put|take|move|push|go|crank) the (volume|sound|music|speaker) (up|down|back) to {volume}
        (raise|lower|increase|decrease|reduce|drop|cut|lift) the (volume|sound|music) to {volume}
        (volume|the volume|sound|loudness) (should be|must be|up to|down to|on|set to|at|please|) {volume}
        (set|put|keep|have|leave) the (volume|sound|music|speaker) (at|on) {volume}
        (set|change|turn|put) the (music|speaker|speakers|sound|player) (volume|) to {volume}
        (i want|i'd like|i need) the (volume|music|sound) (to be|at|on) {volume}
        (would you mind|do you mind) (setting|turning) the volume to {volume}
        (play|have|keep) (the music|the song|it) at {volume} (volume|)
        {volume} (volume|on the speaker|for the music|loud)
        the music (at|to|on|should be at) {volume}
        (set|turn|put|bring) the (volume|music|sound) (up|) to {volumelevel}
        the (volume|music) (at|to|on) {volumelevel}
    """),
    ("HassSetVolume", {"volume_level": 0}, 0.8, """
        (mute|silence) (the music|the volume|the speaker|the speakers|the sound|everything|it|the player)
        (turn|switch|shut|put) (off|down) the (sound|volume) (completely|)
        (no|zero) (sound|volume)
        (turn|put|bring|take) the (volume|sound|music) (all the way down|to zero|down to zero|to nothing)
        the (volume|sound) (to zero|off|muted|at zero)
        (be mute|go mute|sound off)
    """),
    ("HassSetVolume", {"volume_level": 100}, 0.7, """
        (turn|put|bring|take|crank|pump|push) the (volume|sound|music) (all the way up|to the max|up to the maximum|right up|to maximum)
        (the loudest|maximum|highest|top) (volume|sound)
        (play|make) (it|the music) (as loud as possible|as loud as it goes|really loud|at full volume|very loud)
        volume (at maximum|at the max|full|all the way|on full)
        the music (at full volume|as loud as it goes)
    """),
    ("HassMediaPause", {}, 2.2, """
        (pause|stop|halt|suspend|hold|interrupt|cut|quit|end|freeze|shut off|turn off|switch off|kill) (the music|the song|the playback|the track|the tune|the player)
        (stop|quit|pause|end|cease) (playing|playing this|playing it|playing that song|the playing|the music playing)
        (turn|switch|shut|put) the (music|song|player) off
        (music|song|player|playback) (off|pause|stop|please stop|off now)
        (make|let|have) the music (stop|pause|wait)
        (i want|i'd like) (the music off|the music to stop|no music|silence from the speaker)
        (would you mind|do you mind) (pausing|stopping) the music
        (enough|no more|that's enough) (music|of the music|of this song)
        (take|have) a break from the music
        (hold|pause) (the music|the song|that song|this track|it) for a (moment|minute|second)
    """),
    ("HassMediaUnpause", {}, 2.2, """
        (play|start|resume|continue|restart|unpause|begin) (the music|the song|the playback|the track|the player|music|the tunes)
        (turn|switch|put|get|have) the (music|song|player|tunes) (on|back on|playing|going|running)
        (put|turn|switch) (some|the|) (music|tunes) on
        (music|song|playback) (on|play|please|again|back on|start|go)
        (make|let|have) the music (play|go on|continue|start|come back)
        (i want|i'd like|i need|we want) (music|some music|the music|the music on|to listen to music|to listen to some music)
        (would you mind|do you mind) (playing|starting) (the|some) music
        (keep|go on|carry on) (playing|with the song|with the playback)
        (play|start|put on) (a few|a couple of|some) (songs|tunes)
        (how about|what about|time for) some music
        (play|start|continue) where you (stopped|left off)
    """),
    ("HassMediaNext", {}, 2, """
        (next|following) (song|track|tune|title|one)
        (play|skip to|go to|jump to|give me|put on|move to|switch to|get|change to|take) the (next|following) (song|track|tune|title|one)
        (skip|jump over|leave out|pass|pass over) (this|this song|the song|this track|this one|it|that one|that song)
        (i want|i'd like|let me hear) (the next song|the next track|another song|a different song|something different)
        (i don't like|i hate|i'm tired of) this (song|track|one)
        (go|move|jump|skip) (forward|ahead|on) (one|a|by one|) (song|track)
        (play|put on|give me|have) (something different|something new|some other song|another track|a new song)
        (would you mind|do you mind) skipping this (song|one)
        forward to the next (song|track)
    """),
    ("HassMediaPrevious", {}, 1.8, """
        (previous|last|prior) (song|track|tune|title|one)
        (play|go to|go back to|jump to|jump back to|skip back to|return to|back to|switch back to|take|give me|get|put on) the (previous|last|prior) (song|track|tune|title|one)
        (i want|i'd like|let me hear) (the last song|the previous track|that last song again|the song before)
        (go|move|jump|skip|step) (back|backwards) (one|a|by one|) (song|track)
        (play|repeat|replay) (the song before this|the last one|the last song|the track before) (again|)
        (would you mind|do you mind) going back (a|one) song
        what was before this play it again
    """),
    ("HassListAddItem", {"name": "shopping list"}, 7, """
        (add|put|write|note|jot|place|stick|throw|pop|chuck|get|include|list|enter|set|mark|append|save|record) {item} (to|on|onto|in|down on) (the|my|our) shopping list
        (add|put|write|note|jot|place|stick|throw|pop|include|enter) {item} (to|on|onto|in) (the|my|our) (list|grocery list|groceries|shopping)
        (add|put|write|include) {someitem} (to|on|onto) (the|my|our) (shopping list|list|grocery list)
        (on|onto|to) (the|my|our) (shopping list|list|grocery list) (add|put|write|note|goes) {item}
        {item} (on|to|onto|for|belongs on|must go on|has to go on|needs to be on|should be on) (the|my|our) (shopping list|list)
        (i|we) (need|want|need to have|would like) {item} on (the|my|our) (shopping list|list|grocery list)
        (we|i) (ran out of|are out of|have no|don't have any|need more) {item} (put it on|add it to) (the list|the shopping list)
        (i want|i'd like|i need) you to (add|put) {item} (to|on) the (shopping list|list)
        (would you mind|do you mind) (adding|putting) {item} (to|on) the shopping list
        (remember|don't forget|remind me) to (buy|get) {item} (put it on the list|on the shopping list)
        shopping list (plus|add|new item|entry|note) {item}
        (the shopping list|my shopping list|our list) (needs|should have|gets) {item}
        (make|take) a note of {item} on the shopping list
        new (item|entry) (on|for) the shopping list {item}
        add to (my|our|the) (list|shopping list|groceries) {item}
        (add|put) {item} to what we (need to buy|have to buy)
    """),
    ("HassStartTimer", {}, 9, """
        (set|start|make|create|begin|run|add|open|launch|do|get|put|activate|set up|put on|fire up) a timer (for|of|to|with|at) {duration}
        (set|start|make|create|begin|run|add|give me|i need|i want|i'd like|put on|do) (a|one|another) {timer} timer
        (timer|new timer|a timer|the timer|timer please|one timer) (for|of|to|on|) {duration}
        {duration} (timer|on the timer|on the clock|countdown|please timer)
        (set|start|put|run|turn|get|adjust) (the|my|our) timer (for|to|at|on) {duration}
        (time|count|count down|measure|track) {duration} (for me|from now|starting now|)
        (start|begin|do|run|set|make) a (countdown|count down) (of|for|from) {duration}
        (i need|i want|i'd like|we need|give me|let me have|can i have) a timer (for|of) {duration}
        (let me know|tell me|remind me|ring|beep|call me|alert me|wake me|notify me) (in|after) {duration}
        (i'd like|i want|i need) (to set|to start|you to set|you to start) a timer (for|of) {duration}
        (would you mind|do you mind) (setting|starting) a timer for {duration}
        (set|start|make|begin) (a|) timer {duration}
        (let the timer|have a timer|make the timer) run (for|) {duration}
        a {timer} (timer|countdown) (please|)
        {timer} (countdown|timer please|timer now)
        start counting {duration}
        for {duration} (set|start) a timer
    """),
    ("HassStartTimer", {}, 6, """
        (set|start|make|create|begin|run|add|put on) a {timername} timer (for|of|to|at|with) {duration}
        (set|start|make|create|begin|run|add|give me) a {timer} {timername} timer
        (set|start|make|create|add) a timer (called|named|labelled|with the name) {timername} (for|of) {duration}
        (set|start|make|create|add) a {duration} timer (called|named|for the|for my|for|labelled) {timername}
        (set|start|make|create|run|add) a timer for {duration} (called|named|for the|for my|for|for our) {timername}
        (set|start|make|create|run) a {timer} timer (for the|for|called|named|for my|for our) {timername}
        (set|start|make|run) a timer (for|on) (the|my|our|) {timername} (for|of|to) {duration}
        {timername} timer (for|of|to|at|) {duration}
        {duration} (for the|for my|for our|on the|for) {timername}
        {timer} {timername} timer (please|)
        (set|start|put|get|run) (the|my|our) {timername} timer (for|to|at|on|) {duration}
        (time|count down|count) (the|my|our) {timername} (for|) {duration}
        (i need|i want|i'd like|give me|we need) a {timername} timer (for|of|with) {duration}
        (the|my|our) {timername} (needs|takes|wants|has to have|should have) {duration} (set a timer|start a timer|timer please)
        for (the|my|our) {timername} (set|start|i need) a timer (for|of) {duration}
        (tell me|let me know|remind me) about the {timername} (in|after) {duration}
        (would you mind|do you mind) (setting|starting) a {timername} timer for {duration}
    """),
    ("HassCancelTimer", {}, 1.8, """
        (cancel|stop|delete|remove|clear|end|kill|abort|drop|scrap|dismiss|quit|turn off|switch off|shut off|terminate|erase|undo) (the|my|that|this|our) timer
        (turn|switch|shut) (the|my|that|our) timer off
        (the|my) timer (off|stop|can be cancelled|isn't needed|is not needed|can go|should stop)
        (i|we) (don't|do not|no longer) (need|want) (the|that|this) timer (anymore|any more|now|)
        (i want|i'd like|i need) (to cancel|to stop|you to cancel|you to stop) the timer
        (would you mind|do you mind) (cancelling|stopping) the timer
        (never mind|forget about) the timer
        (stop|cancel|end) (the countdown|counting down|the count down|timing)
    """),
    ("HassCancelTimer", {}, 1.8, """
        (cancel|stop|delete|remove|clear|end|kill|abort|drop|scrap|dismiss|quit|turn off|switch off|terminate|erase) (the|my|that|our) {timername} timer
        (turn|switch|shut) (the|my|our) {timername} timer off
        (the|my|) {timername} timer (off|stop|cancel|can be cancelled|isn't needed|can go|should stop)
        (i|we) (don't|do not|no longer) (need|want) (the|my) {timername} timer (anymore|any more|now|)
        (cancel|stop|end|delete|remove|clear|kill) the timer (for the|for my|called|named|for|of the) {timername}
        (i want|i'd like) (to cancel|to stop|you to cancel) the {timername} timer
        (would you mind|do you mind) (cancelling|stopping) the {timername} timer
        (never mind|forget about|forget) the {timername} timer
        the {timername} is (done|ready|finished) (stop|end) (the|its) timer
    """),
    ("HassCancelAllTimers", {}, 1.4, """
        (cancel|stop|delete|remove|clear|end|kill|abort|drop|scrap|dismiss|turn off|switch off|erase) (all|every|all of) (the|my|our|) (timers|timer)
        (cancel|stop|delete|remove|clear|end|kill|turn off|switch off) (all|both|all the|all my|all our|the|my|our) timers
        (turn|switch|shut) (all|all the|all my|both|the|my) timers off
        (all|all the|all my|both|the) timers (off|stop|can be cancelled|can go|should stop|cancel)
        (i|we) (don't|do not|no longer) need (any|the) timers (anymore|any more|)
        (i want|i'd like) (to cancel|to stop) all (the|my|) timers
    """),
)
# What was found missing late, and has clips of its own: `make_data --late`.
LATE: tuple[Group, ...] = (
    ("HassSetVolume", {"name": "your volume"}, 2.2, """
        (set|turn|put|change|adjust|bring|get|have|make) your (volume|voice) to {volume}
        (turn|bring|take) your (volume|voice) (up|down) to {volume}
        (raise|lower|increase|reduce) your (volume|voice) to {volume}
        your (volume|voice) (to|at|on|should be|must be|) {volume}
        (set|put|keep|have) your (volume|voice) (at|on) {volume}
        (i want|i'd like|i need) your (volume|voice) (at|to be|on) {volume}
        (speak|talk) at {volume} (volume|)
        (set|turn|put) yourself to {volume} (volume|)
        {volume} for your (volume|voice)
        (set|turn|put|bring) your (volume|voice) to {volumelevel}
    """),
    ("HassAdjust", {"name": "your volume", "way": "up"}, 1.5, """
        (a bit|a little|much||slightly) louder
        (speak|talk) (up|louder|a bit louder|a little louder|more loudly|up a bit)
        (turn|bring|put) (your volume|your voice|yourself) up (a bit|a little|)
        (turn|bring) up your (volume|voice) (a bit|a little|)
        (raise|increase) your (volume|voice) (a bit|a little|)
        (make|get) (your volume|your voice|yourself) (a bit|a little|) louder
        your (volume|voice) (up|louder|higher|a bit louder|is too low)
        (you're|you are) (too quiet|too soft|very quiet)
        (i can't|i cannot|i can hardly|i can barely) hear you
        be (louder|a bit louder|a little louder)
        louder (please|gemma|voice)
    """),
    ("HassAdjust", {"name": "your volume", "way": "down"}, 1.5, """
        (a bit|a little|much||slightly) quieter
        (speak|talk) (quieter|softer|more quietly|more softly|a bit quieter|a little quieter|down)
        (turn|bring|put) (your volume|your voice|yourself) down (a bit|a little|)
        (turn|bring) down your (volume|voice) (a bit|a little|)
        (lower|reduce|decrease) your (volume|voice) (a bit|a little|)
        (make|get) (your volume|your voice|yourself) (a bit|a little|) quieter
        your (volume|voice) (down|quieter|lower|a bit quieter|is too high)
        (you're|you are) (too loud|very loud|shouting)
        (don't|do not|stop) (shout|shouting|yell|yelling)
        be (quieter|a bit quieter|a little quieter)
        quieter (please|gemma|voice)
    """),
    ("HassLightSet", {}, 3, """
        (turn|make|paint|light|colour|wash|bathe|dye|set) the (whole|entire) {room} {color}
        (set|change|switch|turn|shift|tint) the {room} to {color}
        (light|light up|illuminate|shine) the {room} (in|with) {color}
        the {room} (in|should be|must be|to|shall be|please|) {color}
        (i want|i'd like|i need|give me|let's have|let me have) the {room} (in|to be|) {color}
        (have|let|get|bring) the {room} (be|go|glow|in|shine) {color}
        (make|turn|set|change|switch|get|have|paint|colour|color) my {room} {color}
        (would you mind|do you mind) (making|turning|painting) the {room} {color}
        (how about|what about) a {color} {room}
        {color} (in|for) the {room}
        (make|turn) {color} the {room}
    """),
    ("HassLightSet", {}, 2, """
        (set|dim|bring|put|take|turn|get|adjust|light) the {room} (down|up|) to {pct}
        (set|put|keep|have|leave) the {room} (at|on) {pct}
        the {room} (to|at|should be|down to|up to|) {pct}
        (i want|i'd like|give me) the {room} (at|on|to be) {pct}
        (lower|raise|brighten|reduce|fade) the {room} to {pct}
        (light|illuminate) the {room} (with|at|to) {pct}
        {pct} in the {room}
    """),
    ("HassTurnOff", {}, 4, """
        (would you mind|do you mind) (disabling|deactivating|stopping|cutting|killing|powering down|powering off) {thing}
        (i want|i'd like|i need|we want|please have|get|have) {thing} (disabled|deactivated|stopped|shut off|powered off|powered down|cut|killed)
        {thing} (disabled|deactivated|stopped|powered off|shut down) (please|now|)
        {thing} (has to|must|should|needs to|can) be (disabled|deactivated|stopped|powered off|shut off)
        (disable|deactivate|cut|kill|power down|power off) the (light|lights|lamp) in the {room}
        (disable|deactivate|cut|kill|power down|power off) the (fan|ventilator) in the {fanroom}
        (disable|deactivate|cut|kill|stop|power down|power off) {thing} (right now|immediately|at once|for now|for tonight)
        (time to|it's time to|you may|you should|you must) (disable|deactivate|cut|kill|stop|power off) {thing}
    """),
    ("HassTurnOn", {}, 3, """
        (would you mind|do you mind) (enabling|activating|starting|powering up|firing up) {thing}
        (i want|i'd like|i need|we want|please have|get|have) {thing} (enabled|activated|started|powered up|powered on)
        {thing} (enabled|activated|started|powered up|powered on) (please|now|)
        {thing} (has to|must|should|needs to|can) be (enabled|activated|started|powered up|switched on)
        (enable|activate|power up|fire up) the (light|lights|lamp) in the {room}
        (enable|activate|power up|fire up) the (fan|ventilator) in the {fanroom}
        (enable|activate|power up|start|flick on) {thing} (right now|immediately|at once|for now|for tonight)
        (time to|it's time to|you may|you should|you must) (enable|activate|start|power up) {thing}
    """),
)

QUESTIONS: tuple[Group, ...] = (
    ("HassTimerStatus", {}, 2.2, """
        how (much time|much longer|long|many minutes|much) (is there|do i have|do we have|have i got|remains|is left|are left) (on|for|until) the timer
        (what|how much) time (is left|remains|does the timer have|has the timer got) (on the timer|)
        how long (will|does|is) the timer (still|) (run|take|need|going to take|going to run|running)
        (how's|how is) (the timer|my timer) (going|doing|looking|coming along)
        (when|at what time) (does|will|is) (the|my) timer (end|ring|finish|be done|go off|up|over|be over)
        (tell me|check|show me|give me|read out|say) (the timer|the time on the timer|how long the timer has|the remaining time|the timer status|how much time is left)
        (is|are) the (timer|timers) (still going|over|up|finished|almost over|still on)
        (remaining time|time remaining|time left|timer remaining)
        (status|state) of (the|my) timer
        how (far|long) until (it|the timer) (rings|goes off|beeps)
    """),
    ("HassTimerStatus", {}, 1.8, """
        how (much time|much longer|long|many minutes) (is there|do i have|do we have|remains|is left|are left) (on|for) the {timername} (timer|)
        how long (will|does|is) the {timername} timer (still|) (run|take|need|going to take)
        (how's|how is) the {timername} timer (going|doing|looking|)
        (when|at what time) (does|will|is) the {timername} (timer|) (end|ring|finish|be done|go off|be ready|ready|up)
        (tell me|check|show me|give me|say) (the {timername} timer|the time left for the {timername}|how long the {timername} needs)
        is the {timername} timer (still going|over|up|finished|almost over|still on)
        (remaining time|time left|time remaining) (for|on) the {timername} (timer|)
        (status|state) of the {timername} timer
        how long until the {timername} (is finished|timer rings|timer is done|timer is over)
    """),
    ("HassGetState", {}, 5, """
        (is|was) {statething} (on|off|still on|switched on|turned on|currently on|still off|already on|already off|turned off|switched off|on now)
        (do you know|can you tell me|could you tell me|can you see|would you know) (if|whether) {statething} is (on|off|still on|running)
        (tell me|check|see|look|find out|verify|let me know) (if|whether) {statething} is (on|off|still on|running|on or off)
        (what's|what is) the (state|status|condition) of {statething}
        (state|status) of {statething}
        (did|have) (i|we|you|somebody|someone) (leave|left) {statething} (on|running)
        (did|have) (i|we|you) (turn|turned|switch|switched) {statething} (on|off)
        (what about|how about) {statething} is it (on|off)
        {statething} (on or off|is on right|is off right|is it on or off|is it still on|is it off)
        (has|is) {statething} been (left on|turned on|turned off|switched off)
        (does|did) {statething} (run|go off|come on)
        (i wonder|i'm wondering|i'd like to know|i want to know) (if|whether) {statething} is (on|off|still on)
    """),
    ("HassGetState", {}, 1.8, """
        (are|is) the (lights|light|lamp) in the {room} (on|off|still on|turned on|turned off|switched on|still off)
        (are|is) the {room} (lights|light|lamp) (on|off|still on|turned on|switched on)
        (is there|do we have|have we got) (light|any light|a light on|lights on) in the {room}
        (tell me|check|see) (if|whether) the (lights|light) in the {room} (are|is) on
        (what's|what is) the (brightness|colour|color) of the {room} light
        how bright is (it|the light) in the {room}
        (did|have) (i|we) (leave|left) the {room} (light|lights) on
    """),
    ("HassGetState", {}, 2, """
        (are|is) {blinds} (open|closed|up|down|shut|still open|still closed|already open|half open|lowered|raised|still down)
        (do you know|can you tell me|tell me|check|see) (if|whether) {blinds} are (open|closed|up|down|still open)
        (what's|what is) the (state|status|position|height) of {blinds}
        (state|status|position) of {blinds}
        (did|have) (i|we|you|someone) (open|opened|close|closed|leave) {blinds} (open|)
        how (far|wide|much) (open|) are {blinds} (up|down|open|)
        {blinds} (open or closed|are they open|are they closed|up or down)
    """),
    ("HassGetState", {"name": "front door"}, 1.8, """
        (is|was) the (front door|door|entrance|front) (locked|unlocked|still locked|already locked|bolted|secure|secured|still open)
        (do you know|can you tell me|tell me|check|see|find out) (if|whether) the (front door|door) is (locked|unlocked|secure)
        (did|have|has) (i|we|you|anyone|someone|somebody) (lock|locked|unlock|unlocked|bolt) the (front door|door)
        (what's|what is) the (state|status) of the (front door|door|lock|front door lock)
        (state|status) of the (front door|lock)
        front door (locked or unlocked|is it locked|locked)
        is the (house|place|home) (locked|secure|locked up)
    """),
    ("HassGetState", {"name": "thermostat"}, 2, """
        (what's|what is) the (heating|thermostat|heat|radiator) (set to|set at|at|on|doing|set to right now)
        (what|which) (temperature|setting) is the (heating|thermostat|heat) (set to|at|on|set at)
        (how high|how warm|how hot|what) is the (heating|thermostat|heat) set
        (is|was) the (heating|heat|thermostat) (on|off|running|still on|turned on|switched off|turned off)
        (tell me|check|read|give me|show me) (the thermostat|the heating setting|the target temperature|what the heating is set to|the setting of the thermostat)
        (what's|what is) the (target|set|desired) temperature
        (state|status|setting) of the (heating|thermostat)
        (did|have) (i|we) (leave|left|turn|turned) the heating (on|off)
    """),
    ("HassGetState", {"name": "outdoor temperature"}, 2, """
        (what's|what is) the temperature (outside|outdoors|out there|out|outside now|outside the house|in the garden right now)
        (what's|what is|tell me|check|give me|read me) the (outdoor|outside) temperature (now|)
        how (warm|cold|hot|chilly|cool|freezing) is it (outside|outdoors|out there|out|outside now)
        (is it|is it very|is it really) (cold|warm|hot|chilly|cool|below zero|above zero) (outside|out there|outdoors|out)
        how many degrees (is it|are there|do we have|have we got) (outside|outdoors|out there)
        (what|how much) does the (thermometer|outdoor thermometer|outside sensor) (say|show|read)
        (temperature|degrees) (outside|outdoors|out there)
        (the temperature|how cold is it|how warm is it) out of doors
    """),
    ("HassGetState", {"name": "living room temperature"}, 2, """
        (what's|what is) the temperature (in here|in the living room|inside|indoors|in the house|in this room)
        (what's|what is|tell me|check|give me|read me) the (living room|indoor|inside|room) temperature (now|)
        how (warm|cold|hot|chilly|cool) is it (in here|in the living room|inside|indoors|inside now|in this room)
        how (warm|cold|hot) is (the living room|this room|the room)
        is it (cold|warm|hot|cool) (in the living room|in here|inside|indoors)
        how many degrees (is it|are there|do we have|have we got) (in the living room|inside|in here|indoors)
        (temperature|degrees) (in the living room|in here|inside|indoors)
        what does the (indoor|living room|inside) (thermometer|sensor) (say|show)
    """),
    ("HassGetState", {"name": "shopping list"}, 2.4, """
        (what's|what is|what do i have|what do we have|what have i got|what have we got) (on|in) (the|my|our) (shopping list|list|grocery list)
        (read|tell|show|give|read out|list|say|go over|go through|recite) (me|us|) (the|my|our) (shopping list|list|grocery list)
        (what|which things) (do i|do we|should i|should we|must i|did we want to|did i want to) (buy|get|need to buy|need to get|have to buy|shop for)
        (is|are) {item} on (the|my|our) (shopping list|list|grocery list)
        (did|have) (i|we) (put|add) {item} (on|to) the (list|shopping list)
        (do|have) (i|we) (have|got) anything on the (list|shopping list)
        (is there something|is there anything|how much is|how many items are) on the (list|shopping list)
        what's (left|still|written) on the (shopping list|list)
        what (food|stuff|things) do we need (from the shop|from the supermarket|to buy)
    """),
    ("HassGetState", {"name": "music"}, 1.8, """
        (what's|what is) (playing|on|playing now|playing right now|this song|this tune|that song|the music|this music|this song called)
        (what|which) (song|track|tune|music|title) (is this|is playing|is that|is on|do i hear|are we hearing|is it)
        (what band|which artist) (is this|sings this|is singing|plays this|is playing|is that)
        (what's|what is) the (name|title|artist) of (this|that|the) (song|track|tune)
        (tell me|do you know|can you tell me) (what|which) song (this is|is playing|that is)
        (is|are) (the music|any music|a song|something|the player|there music) (playing|on|off|paused|still playing|running)
        (name|title) of (this|the) (song|track)
        what are (we|you) (listening to|playing)
    """),
    ("HassGetWeather", {"day": "today"}, 2.8, """
        (what's|what is|how's|how is) the (weather|weather like|weather today|weather now|weather outside|weather doing|weather right now|weather this morning|weather this afternoon)
        (tell me|give me|check|read me|show me|let me know) (the weather|today's weather|the weather for today|the weather report|the forecast for today|about the weather|how the weather is)
        (will|is) it (rain|raining|snow|snowing|sunny|windy|cloudy|stormy|foggy|going to rain|going to snow|be warm|be cold|be sunny|be nice|be dry) (today|outside today|this afternoon|)
        (do|will|should) (i|we) (need|take|bring|wear) (an umbrella|a coat|a jacket|a raincoat|a hat|sunglasses|a scarf) (today|)
        (what's|what is) the (forecast|weather forecast|weather report|prognosis) (for today|today|)
        (what|how) (will|is) the weather (be|be like|going to be|going to be like) (today|this afternoon|later today|this evening)
        (weather|forecast) (for today|today|now|right now|outside|please)
        (is|will) (there|we have|there be) (rain|snow|sun|wind|any rain) (today|outside|)
        (can|could) i go out without an umbrella (today|)
        is it a (nice|good|rainy|sunny) day (today|outside)
        (what|how) does it look like outside
    """),
    ("HassGetWeather", {"day": "tomorrow"}, 2.8, """
        (what's|what is|how's|how is) the weather (tomorrow|for tomorrow|going to be tomorrow|like tomorrow|looking for tomorrow|tomorrow morning|tomorrow afternoon)
        (tell me|give me|check|read me|show me|let me know) (tomorrow's weather|the weather tomorrow|the weather for tomorrow|the forecast for tomorrow|about the weather tomorrow|how the weather is tomorrow)
        (will|is) it (rain|snow|going to rain|going to snow|be warm|be cold|be sunny|be nice|be dry|be windy|be cloudy|be hot) tomorrow
        (do|will|should) (i|we) (need|take|bring|wear) (an umbrella|a coat|a jacket|a raincoat|a hat|sunglasses|a scarf) tomorrow
        (what's|what is) the (forecast|weather forecast|weather report|prognosis) (for tomorrow|tomorrow)
        (what|how) (will|is) the weather (be|be like|going to be|going to be like) (tomorrow|the next day|tomorrow morning)
        (weather|forecast) (for tomorrow|tomorrow|tomorrow please)
        (is|will) (there|we have|there be) (rain|snow|sun|wind|any rain) tomorrow
        tomorrow (what's|how's|what will be) the weather (like|)
        (will|is) tomorrow (be|going to be) a (nice|good|rainy|sunny|warm|cold) day
        (what|how) will (it|tomorrow) be (like|) (tomorrow|outside tomorrow)
    """),
    ("HassGetCurrentTime", {}, 2.4, """
        (what's|what is) (the time|the time now|the time right now|the current time|the exact time|the hour)
        (what|which) (time|hour) (is it|is it now|is it right now|is it please|do we have|is it exactly|have we got now)
        (tell me|give me|say|read me|let me know|show me) (the time|the current time|the hour|what time it is|the exact time|how late it is)
        (do you know|can you tell me|could you tell me|may i know|can i have) (the time|what time it is|the current time|how late it is)
        (time|current time|the time|the time now|time now|time check)
        how late is it (now|already|)
        what does (my|the) (clock|watch) (say|show)
        (is it|has it) (already|) (late|noon|past noon|midnight|past eight) (yet|already)
    """),
    ("HassGetCurrentDate", {}, 2.4, """
        (what's|what is) (the date|the date today|the date now|today's date|the day|the current date|the day today|the weekday|today)
        (what|which) (day|date|weekday|day of the week) (is it|is it today|is today|do we have|do we have today|is it now|are we on)
        (tell me|give me|say|read me|let me know|show me) (the date|today's date|the day|what day it is|which day it is|the current date|what date it is|the weekday)
        (do you know|can you tell me|could you tell me) (the date|what day it is|which day it is|today's date|what date it is|the day)
        (date|current date|the date|the date today|date today|today's date please)
        is (it|today) (monday|tuesday|wednesday|thursday|friday|saturday|sunday|a weekday|the weekend) (today|)
        (what|which) (month|year|day of the month) (is it|is this|do we have|are we in)
    """),
)
# fmt: on

# Short ones about the assistant's own volume: of two words there can't be clips enough. `make_data --own`.
OWN: tuple[Group, ...] = (
    (
        "HassAdjust",
        {"name": "your volume", "way": "up"},
        3,
        """
        louder
        (a bit|a little|much|slightly|even) louder
        (louder please|speak up|speak louder|be louder|talk louder)
    """,
    ),
    (
        "HassAdjust",
        {"name": "your volume", "way": "down"},
        3,
        """
        quieter
        (a bit|a little|much|slightly|even) quieter
        (quieter please|speak quieter|speak more quietly|be quieter|talk quieter)
    """,
    ),
    (
        "HassSetVolume",
        {"name": "your volume"},
        3,
        """
        your volume (to|at) {volume}
        (set|turn|put) your volume to {volume}
    """,
    ),
)

# Said without a turn before, what negatives.py had as out of range means the assistant's own volume.
LOUDER = {
    f"a {much} {what}": way for much in ("bit", "little") for what, way in (("louder", "up"), ("quieter", "down"))
}

# As in negatives.py, and with its words: label, (weight, templates).
NEGATIVES: dict[str, tuple[float, str]] = {
    "another list": (
        1.3,
        """
        (add|put|write|note|stick|throw|pop) {item} (to|on|onto) (my|the|our|a|his|her) {otherlist}
        (add|put|write) {item} (down|) on (my|the|our) {otherlist}
        {item} (on|to|for|goes on|should go on) (my|the|our) {otherlist}
        (on|to) (my|the|our) {otherlist} (add|put|write) {item}
        {otherlist} (add|put) {item}
        i (need|want) {item} on (my|the|our) {otherlist}
        (what's|what is) on (my|the|our) {otherlist}
        (read|tell|show) me (my|the|our) {otherlist}
        (add|put) (walk the dog|call {person}|pay the rent|book the hotel|water the plants) (to|on) (my|the) (list|{otherlist})
        (make|start|create|open|delete|print|send) (a|the|my) (new list|{otherlist}|shopping list)
    """,
    ),
    "another room's thing": (
        1.0,
        """
        (open|close|raise|lower|shut) the (blinds|curtains|shades) in the {noblindroom}
        (turn|switch) (on|off) the fan in the {nofanroom}
        (lock|unlock) the (back door|garage|car|window|gate|shed|cellar)
        (turn|switch|put) {baddevice} (on|off)
        (start|stop|run|activate|check) the {baddevice}
        (make|set|turn) the {baddevice} (brighter|to {number} percent|to {number} degrees)
        (dim|brighten|light up) the {badroom}
    """,
    ),
}
OPENERS = words(
    "i would like you to|i was wondering if you could|would it be possible to|do me a favor and|do me a favour and|"
    "be so kind and|be a dear and|kindly|quick|now please|now|next|then|also|hey gemma|gemma|gemma please|"
    "okay gemma|listen|help me and|i'd be happy if you could|if you can|if you could|when you can|we need you to|"
    "you need to|you have to|i'd love you to|may i ask you to|could you kindly|would you kindly|can you quickly|"
    "could you just|can you just|please just|please go and|try to|make sure to|be sure to|remember to|"
    "let's|we should|time to|it's time to|are you able to|could you maybe|can you maybe|maybe|you can|you could|"
    "will you please|yes please|please please|hi please|hello please|right then|so now|okay now|okay then|all right",
    "|",
)
TAILS = words(
    "for us|when you can|this time|right away|straight away|quickly|gemma|could you|can you|can you please|could you "
    "please|thank you very much|thanks a lot|as soon as possible|immediately|if you would|if possible|at once|my dear|"
    "if you don't mind|will you please|would you please|today|tonight|then|first|too|as well|here|a moment",
    "|",
)
