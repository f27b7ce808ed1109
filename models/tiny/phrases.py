"""What people say to the assistant, intent by intent: the templates of the tiny model's grammar.

`(a|b|)` is an alternative and makes separate wordings; `{slot}` is filled from slots.py and doesn't. `COMMANDS` and
`QUESTIONS` call a tool: (tool, fixed arguments, weight, templates). `TALK` answers by itself. Nothing here knows how
a sample is put together.
"""

from models.tiny.slots import Value

Group = tuple[str, dict[str, Value], float, str]

# fmt: off
COMMANDS: tuple[Group, ...] = (
    ("HassTurnOn", {}, 9, """
        (turn|switch|put) on {thing}
        (turn|switch|put) {thing} on
        (turn|switch|put) {thing} on
        (power up|start up|flip on|fire up|activate|enable) {thing}
        (start|get) {thing} (running|going)
        (get|have) {thing} on
        {thing} on
        (make sure|see that) {thing} is on
        bring {thing} on
        give me {thing} on
        (get|flick) {thing} (switched on|on)
        i need {thing} on
        let's have {thing} on
        i want {thing} on
        it's time to turn on {thing}
    """),
    ("HassTurnOn", {}, 3, """
        (put|turn|switch) the (light|lights) on in the {room}
        (turn|switch) on the (light|lights) in the {room}
        in the {room} (turn|switch) on the (light|lights)
        in the {room} (turn|put) the light on
        (light up|illuminate) the {room}
        (give me|i need|i'd like) (some light|light) in the {room}
        {room} (light|lights) on
        lights on in the {room}
        bring up the lights in the {room}
        (turn|switch) on all the lights in the {room}
        let there be light in the {room}
        in the {room} lights on
    """),
    ("HassTurnOn", {}, 1.2, """
        (turn|switch|put) the fan on in the {fanroom}
        in the {fanroom} turn on the fan
        {fanroom} fan on
        (start|run|spin up) the fan in the {fanroom}
        (start|run|spin up) the {fanroom} fan
        get the {fanroom} fan (going|spinning)
    """),
    ("HassTurnOn", {"name": "thermostat"}, 0.8, """
        start (heating|the heating|the heat)
        (turn|switch|put) (the heat|heating|the radiators) on
        (get|fire up) the heating
        heat (the house|the place) up
    """),
    ("HassTurnOn", {}, 1.2, """
        (turn|switch|put) on {alllights}
        (turn|switch|put) {alllights} on
        {alllights} on
        (turn|switch) on {allfans}
        (turn|switch) {allfans} on
        i need {alllights} on
    """),
    ("HassTurnOff", {}, 9, """
        (turn|switch) off {thing}
        (turn|switch) {thing} off
        (turn|switch) {thing} off
        (shut off|kill|shut down|cut|flip off|power down|power off|deactivate|disable) {thing}
        (shut|flick|power) {thing} off
        get {thing} (off|switched off)
        stop {thing}
        {thing} off
        (make sure|see that) {thing} is off
        i don't need {thing} (anymore|any more|on anymore)
        i want {thing} off
        let's have {thing} off
        it's time to turn off {thing}
    """),
    ("HassTurnOff", {}, 3, """
        (put|turn|switch) the (light|lights) (off|out) in the {room}
        (turn|switch) off the (light|lights) in the {room}
        (put|turn) out the {room} (light|lights)
        in the {room} (turn|switch) off the (light|lights)
        in the {room} turn the light off
        (darken|black out) the {room}
        {room} (light|lights) off
        {room} lights out
        lights (off|out) in the {room}
        (kill|cut|douse) the lights in the {room}
        no more light in the {room}
        (turn|switch) off all the lights in the {room}
        in the {room} lights off
    """),
    ("HassTurnOff", {}, 1.2, """
        (turn|switch) the fan off in the {fanroom}
        in the {fanroom} turn off the fan
        {fanroom} fan off
        (stop|kill) the fan in the {fanroom}
        (stop|halt) the {fanroom} fan
        make the {fanroom} fan stop
    """),
    ("HassTurnOff", {}, 1.6, """
        (turn|switch|shut) off {alllights}
        (turn|switch|shut) {alllights} off
        {alllights} (off|out)
        (kill|cut) {alllights}
        (turn|switch) off {allfans}
        (stop|turn off) {allfans}
    """),
    ("HassTurnOn", {"domain": "light"}, 0.3, """
        light up the (whole house|entire house)
        lights on everywhere
        (turn|put) the lights on (everywhere|in every room|in the whole house)
        (turn|switch) on the lights (everywhere|in every room|in the whole house)
    """),
    ("HassTurnOff", {"domain": "light"}, 0.5, """
        lights out everywhere
        (make|get) the whole house dark
        no lights at all
        (turn|put|switch) the lights (off|out) (everywhere|in every room|in the whole house)
        (turn|switch) off the lights (everywhere|in every room|in the whole house)
    """),
    ("HassOpenCover", {}, 3.2, """
        (open|raise|lift|pull up|roll up|draw up|open up|put up) {blinds}
        (pull|roll|put|draw) {blinds} (up|open)
        open {blinds} (all the way|fully|completely)
        open {blinds}
        {blinds} (up|open)
        in the {blindroom} (open|raise) the (blinds|curtains)
        (open|raise) the (blinds|curtains|shades) in the {blindroom}
        let (some light|the sun|daylight|the light) in through {blinds}
        (bring|get) {blinds} up
        get {blinds} open
        i want {blinds} (open|up)
        (open|raise|pull up) {allblinds}
        (open|raise|pull up) {allblinds}
        {allblinds} (up|open)
        bring up {allblinds}
    """),
    ("HassCloseCover", {}, 3.2, """
        (close|shut|lower|pull down|roll down|let down|drop|draw) {blinds}
        (pull|roll|put|let) {blinds} (down|shut)
        (close|shut) {blinds} (all the way|fully|completely)
        close {blinds}
        {blinds} (down|closed|shut)
        in the {blindroom} (close|lower|shut) the (blinds|curtains)
        (close|lower|shut) the (blinds|curtains|shades) in the {blindroom}
        (bring|get) {blinds} down
        get {blinds} (closed|shut)
        i want {blinds} (closed|down)
        (close|lower|shut|pull down) {allblinds}
        (close|lower|shut) {allblinds}
        {allblinds} (down|closed)
        bring down {allblinds}
    """),
    ("HassLock", {"name": "front door"}, 1.4, """
        lock (the front door|the door|front door|my front door)
        lock up (the front door|the house|the front|)
        (get|make sure) the front door (locked|is locked)
        (bolt|secure) the (front door|door)
        put the (lock|bolt) on the front door
        (see that|check that) the front door gets locked
        i want the front door locked
        front door lock
        lock (it up at|up) the front door
        turn the lock on the front door
        lock the house (door|)
    """),
    ("HassUnlock", {"name": "front door"}, 1.2, """
        unlock (the front door|the door|front door|my front door)
        unlock the (house|front|house door)
        unbolt the (front door|door)
        get the front door unlocked
        take the lock off the front door
        i want the front door unlocked
        (release|undo|open) the lock on the front door
        front door unlock
        let them in and unlock the front door
        unlock it the front door
    """),
    ("HassLightSet", {}, 6, """
        (set|dim|turn|put|bring|change|adjust) {nearlight} to {pct}
        (dim|turn) {nearlight} down to {pct}
        (turn|bring|take) {nearlight} (down|up) to {pct}
        (lower|raise|brighten|reduce|increase|drop) {nearlight} to {pct}
        (set|put) {nearlight} (at|on) {pct}
        {nearlight} (to|at|) {pct}
        make {nearlight} {pct} (bright|brightness)
        (set|turn|change) the brightness of {nearlight} to {pct}
        brightness of {nearlight} {pct}
        set {nearlight} to {pct} brightness
        {pct} on {nearlight}
        give me {pct} (brightness|) (on|from) {nearlight}
        in the {room} (set|dim) the (light|lights) to {pct}
        (set|turn) the (light|lights) in the {room} to {pct}
        dim the (light|lights) in the {room} to {pct}
        i want {nearlight} at {pct}
        let's have {nearlight} at {pct}
        (dim|set|turn|bring) {alllights} to {pct}
    """),
    ("HassLightSet", {"brightness": 30}, 1.5, """
        dim {nearlight}
        dim {nearlight} (a bit|a little|down)
        dim down {nearlight}
        make {nearlight} (dimmer|less bright|darker)
        dim the (light|lights) in the {room}
        (turn|bring) {nearlight} down (a bit|a little|)
        dim {alllights}
        soften {nearlight}
    """),
    ("HassLightSet", {}, 1.5, """
        (set|turn|put|bring) {nearlight} to {level} (brightness|)
        {nearlight} (to|at|on) {level} brightness
        {level} brightness (in the {room}|on {nearlight}|for {nearlight})
        (dim|set) {nearlight} to {level}
        {nearlight} (to|at) {level}
    """),
    ("HassLightSet", {"brightness": 100}, 1.0, """
        (turn|bring) {nearlight} all the way up
        make {nearlight} (as bright as possible|fully bright|really bright)
        {nearlight} at (full power|its brightest)
        crank up {nearlight}
        (turn|set) {nearlight} to (the max|max|full blast|its brightest)
    """),
    ("HassLightSet", {}, 5, """
        (make|turn|set|change|switch) {nearlight} {color}
        (set|turn|change|switch) {nearlight} to {color}
        (set|change) the (colour|color) of {nearlight} to {color}
        {nearlight} (in|to|) {color}
        make the (light|lights) in the {room} {color}
        in the {room} make the (light|lights) {color}
        (give me|i'd like|i want) {color} light in the {room}
        i want {nearlight} {color}
        (give me|let's have) {nearlight} in {color}
        {color} (light|lights) in the {room}
        (turn|make) the {room} {color}
        paint the {room} {color}
        have {nearlight} (glow|shine|go|be) {color}
        let {nearlight} (glow|shine|be) {color}
        color {nearlight} {color}
        (make|turn) {alllights} {color}
        set {alllights} to {color}
    """),
    ("HassLightSet", {}, 1.2, """
        (make|turn|set) {nearlight} {color} at {pct}
        set {nearlight} to {color} (and|at) {pct}
        (dim|set) {nearlight} to {pct} and make it {color}
        make {nearlight} {color} and (dim|set) it to {pct}
        turn {nearlight} {color} and dim it to {pct}
        {nearlight} {color} {pct}
    """),
    ("HassSetPosition", {}, 3.2, """
        (set|open|move|put|bring|turn|raise|lower|adjust) {blinds} to {position}
        (raise|lower|pull|roll) {blinds} (up|down|) to {position}
        (set|put) {blinds} (at|on) {position}
        {blinds} (to|at|) {position}
        open {blinds} {position}
        (set|move) the (blinds|curtains) in the {blindroom} to {position}
        in the {blindroom} set the (blinds|curtains) to {position}
        (set|change) the position of {blinds} to {position}
        have {blinds} {position} open
        make {blinds} {position} open
        {position} on {blinds}
        i want {blinds} at {position}
        i want {blinds} {position} open
        (set|move|open) {allblinds} to {position}
    """),
    ("HassSetPosition", {"position": 50}, 1.2, """
        (open|close|lower|raise|pull|move|put) {blinds} (halfway|half way)
        (half open|half close) {blinds}
        (set|put|bring) {blinds} to (half|halfway|the middle)
        (open|raise|lower) the (blinds|curtains) in the {blindroom} halfway
        {blinds} (halfway|half open|half way)
        i want {blinds} half (open|closed)
        (open|close) {allblinds} halfway
    """),
    ("HassClimateSetTemperature", {}, 6, """
        (set|turn|put|change|adjust|bring) {heating} to {degrees}
        (turn|bring|put) {heating} (up|down) to {degrees}
        (set|change|adjust) the temperature to {degrees}
        (raise|lower|increase|drop|reduce) (the temperature|the heating|the heat|the thermostat) to {degrees}
        (turn|bring) the temperature (up|down) to {degrees}
        {heating} (to|at|) {degrees}
        temperature (to|) {degrees}
        make it {degrees} (in here|in the house|)
        heat the (house|place|flat) to {degrees}
        (heat|warm) (it up|the house up|the place up) to {degrees}
        cool (it|the house|things) down to {degrees}
        i want it (to be|) {degrees} in here
        i'd like it at {degrees}
        i'd like {degrees} (in here|in the house)
        i want the house at {degrees}
        keep (it|the house|the heating) at {degrees}
        let's (have|make) it {degrees}
        set (the target|the room|the heat|a temperature of) (to|at|) {degrees}
        set {heating} for {degrees}
    """),
    ("HassSetVolume", {}, 4, """
        (set|turn|put|change|adjust|bring) the volume to {volume}
        (turn|bring) the volume (up|down) to {volume}
        (raise|lower|increase|reduce|drop) the volume to {volume}
        volume (to|at|) {volume}
        (set|put|turn) the (music|speaker|sound|speakers) to {volume}
        (turn|bring) the (music|speaker|sound) (up|down) to {volume}
        make the (volume|music) {volume}
        (set|play) the music at {volume} (volume|)
        (set|put) the volume (at|on) {volume}
        play the music at volume {volume}
        i want the volume at {volume}
        let's have the volume at {volume}
        speaker volume {volume}
        (set|put) the volume to {volumelevel}
        {volumelevel} volume
        turn the (music|volume) (up|) to {volumelevel} (volume|)
    """),
    ("HassSetVolume", {"volume_level": 0}, 0.7, """
        mute (the music|the volume|the speaker|the sound|)
        mute
        silence the (music|speaker)
        (turn|switch) the sound off
        volume (off|to zero)
        turn the volume all the way down
    """),
    ("HassSetVolume", {"volume_level": 100}, 0.5, """
        turn the (volume|music) all the way up
        (full|maximum|max) volume
        volume (to the max|all the way up|to maximum)
        as loud as (possible|it goes|you can)
        play it as loud as you can
    """),
    ("HassMediaPause", {}, 2, """
        pause (the music|the song|music|the playback|this song|the track|it|the speaker|)
        (stop|turn off|switch off|cut|kill|halt|hold|shut off) the music
        stop (the song|playing|the playback|playing music|this song|music)
        (turn|switch|shut) the music off
        music (off|pause|stop)
        no (more|) music
        put the music on (pause|hold)
        (stop|quit) playing (that|the music)
        i don't want (any music|the music) now
        freeze the music
        give the music a (break|rest)
    """),
    ("HassMediaUnpause", {}, 2.2, """
        play (the music|music|some music|my music|a song|something|some tunes|the song|it again|)
        (resume|continue|unpause|start|restart|turn on|switch on|put on) the music
        (resume|continue|unpause) (playing|playback|the song|music|)
        (start|keep|carry on|go on) playing (music|)
        (turn|switch|put) the music (on|back on)
        put (some|) music on
        put on (some|) music
        music (on|play|please)
        (bring|get) the music back (on|)
        let's (have|hear) (some|the) music
        i want (some|to hear) music
        i want to hear some music
        carry on with the music
        go on with the music
        start the music again
    """),
    ("HassMediaNext", {}, 2, """
        next (song|track|one|tune|title)
        (play|skip to|go to|jump to|give me|put on|move to) the next (song|track|one)
        skip (this|this song|the song|this track|this one|it|song|track|ahead|forward|)
        skip
        (another|a different) (song|track) please
        play (another|a different|something else) (song|)
        move on to the next (song|track)
        (change|switch) the (song|track)
        next
        on to the next (song|one)
        let's hear the next (song|one)
        go forward (one|a) (song|track)
        the next (song|track)
    """),
    ("HassMediaPrevious", {}, 1.6, """
        (previous|last) (song|track|one)
        (play|go to|go back to|jump to|skip back to|return to|back to) the (previous|last) (song|track|one)
        (go|skip) back (a song|one song|one track|one|)
        play (that|the last) (song|one) again
        (play|replay) the song before
        play the (song|track) before this
        one (song|track) back
        (back|rewind) (a|one) (song|track)
        (i want|let me hear) the previous (song|track)
        the previous (song|track)
        previous
        let's hear the (last|previous) (song|track) again
    """),
    ("HassListAddItem", {"name": "shopping list"}, 7, """
        (add|put) {item} (to|on|onto|on to) (the shopping list|my shopping list)
        (add|put) {item} (to|on|onto|on to) (the list|shopping list|our shopping list)
        (add|put|write) {someitem} (to|on) (the shopping list|the list)
        (write|jot|note) {item} (down|) on the shopping list
        (write|note|jot) down {item} on the shopping list
        (get|stick|throw|pop|chuck) {item} on the (shopping list|list)
        on the shopping list (put|add|write) {item}
        (to|onto) the shopping list add {item}
        i need {item} on the shopping list
        we need {item} on the shopping list
        {item} (goes|should go|to go) on the shopping list
        shopping list (add|put) {item}
        {item} (on|to|for) the shopping list
        add to the shopping list {item}
        include {item} (in|on) the shopping list
        let's (add|put) {item} (to|on) the shopping list
        remember {item} for the shopping list
        (add|append) {item} to (the|our|my) groceries
        (add|put) {item} (to|on) the grocery list
        we're out of {item} (add it to|put it on) the (shopping list|list)
        we need {someitem} put it on the list
        don't forget {item} on the shopping list
    """),
    ("HassStartTimer", {}, 9, """
        (set|start|make|create|begin|run) a timer (for|of|to|) {duration}
        (set|start|give me|make|create|i need|put on|run|begin) a {timer} timer
        timer (for|) {duration}
        {duration} timer
        a timer for {duration}
        (set|start|put|run) the timer (for|to|at|on) {duration}
        {timer} timer
        (time|count down|count) {duration} (for me|)
        (start|begin|do) a (countdown|count down) (of|for|from) {duration}
        (i need|i want|i'd like|give me) a timer for {duration}
        (put|give me) {duration} on the (timer|clock)
        set a countdown for {duration}
        start timing {duration}
        let me know (when|after) {duration} (are up|is up|have passed|)
        set timer {duration}
        set the timer {duration}
        start a timer {duration}
        set up a timer for {duration}
        new timer {duration}
        another timer for {duration}
        another {timer} timer
    """),
    ("HassStartTimer", {}, 5, """
        (set|start|make|create) a {timername} timer (for|of) {duration}
        (set|start|make|create) a timer (called|named) {timername} for {duration}
        (set|start) a timer for {duration} (called|named|for the|for my|for) {timername}
        (set|start) a {timer} (timer for the|timer for|timer called|timer named|timer for my) {timername}
        (set|start) a {timer} {timername} timer
        (set|start) a timer for (the|my|) {timername} for {duration}
        {timername} timer (for|) {duration}
        {duration} (for the|for my) {timername}
        {duration} {timername} timer
        (set|start) the {timername} timer (for|to) {duration}
        time (the|my) {timername} for {duration}
        (i need|give me) a {timername} timer (for|of) {duration}
        the {timername} needs {duration} set a timer
        the {timername} takes {duration} set a timer
        set a timer for the {timername} {duration}
        for the {timername} set a timer for {duration}
    """),
    ("HassCancelTimer", {}, 1.6, """
        (cancel|stop|delete|remove|clear|end|kill|turn off|switch off|abort|drop|scrap|dismiss) (the|my) timer
        (cancel|stop|delete|end) (that|this) timer
        (turn|switch) the timer off
        (get rid of|call off|do away with) the timer
        timer (off|stop|cancel)
        (i don't|we don't) need the timer (anymore|any more)
        cancel timer
        forget the timer
        no timer
        take the timer off
    """),
    ("HassCancelTimer", {}, 1.6, """
        (cancel|stop|delete|remove|clear|end|turn off|kill|scrap|abort) the {timername} timer
        (cancel|stop) my {timername} timer
        (cancel|stop|end|delete) the timer (for the|called|for|named) {timername}
        (turn|switch) the {timername} timer off
        (get rid of|call off) the {timername} timer
        {timername} timer (off|stop|cancel)
        i don't need the {timername} timer (anymore|any more)
        forget the {timername} timer
        the {timername} is (done|ready) cancel the timer
    """),
    ("HassCancelAllTimers", {}, 1.2, """
        (cancel|stop|delete|remove|clear|end|kill|turn off) all (the|my|) timers
        (cancel|stop|clear|delete|end) every timer
        (cancel|stop|clear|delete) all of (the|my) timers
        (turn|switch) all (the|) timers off
        get rid of all (the|my) timers
        all timers (off|stop)
        no more timers
        (cancel|clear|stop) both timers
        (cancel|stop|clear) the timers
    """),
)

QUESTIONS: tuple[Group, ...] = (
    ("HassTimerStatus", {}, 2, """
        how (much time|much longer|long) is left on (the|my) timer
        how (much|many minutes) (is|are) left on the timer
        how (much time|long) (do i have|have i got) left (on the timer|)
        how long (until|till|before) the timer (goes off|ends|is done|rings|finishes)
        how long is left
        how much time is left
        how long is left on the timer
        what's (left on|the status of|the state of) (the|my) timer
        (check|read me|tell me) (the|my) timer
        when (does|will) the timer (go off|end|finish|ring)
        is the timer (still running|running|nearly done|almost done|done)
        timer status
        how's (the|my) timer (doing|)
        how (much|many minutes) (time|) left on the timer
        how long has the timer got (left|)
        time left on the timer
        how far along is the timer
    """),
    ("HassTimerStatus", {}, 1.6, """
        how (much time|much longer|long) is left on the {timername} timer
        how long (until|till|before) the {timername} (is done|is ready|timer goes off|timer ends|timer rings)
        how long (for|does) the {timername} (still|need|still need)
        how (much longer|much time) (does|for) the {timername} (need|take|have)
        how long is left (for|on) the {timername}
        how much (time|longer) (do i have|is there) (left|) on the {timername} timer
        what's left on the {timername} timer
        when (does|will) the {timername} timer (go off|end|finish)
        (check|tell me about) the {timername} timer
        is the {timername} timer (still running|nearly done|done)
        time left on the {timername} timer
        {timername} timer status
    """),
    ("HassGetState", {}, 5, """
        is {statething} (on|off|still on|switched on|turned on|currently on)
        is {statething} (running|on or off|on right now|on at the moment)
        did i (leave|forget to turn off) {statething} (on|)
        (have i left|did we leave|did someone leave|has someone left) {statething} on
        what's the (state|status) of {statething}
        (check|tell me|see) (if|whether) {statething} is (on|off)
        (check|check on) {statething}
        do you know if {statething} is (on|off)
        {statething} is it on
        {statething} status
        is {statething} still on
        was {statething} left on
        how is {statething}
        i think {statething} is on is it
    """),
    ("HassGetState", {}, 1.6, """
        are the {room} lights (on|off|still on)
        is (there|) (a|the) light (on|still on) in the {room}
        are the lights (on|off) in the {room}
        how bright is the {room} light
        what (colour|color) is the {room} light
        is it (dark|lit) in the {room}
        is the {room} lit
        did i leave the lights on in the {room}
    """),
    ("HassGetState", {}, 2, """
        are {blinds} (open|closed|up|down|shut|still open|still closed|open or closed)
        is {blinds} (open|closed)
        did i (close|open|shut) {blinds}
        (how far|how wide) are {blinds} open
        (check|tell me) (if|whether) {blinds} are (open|closed)
        what's the (state|status|position) of {blinds}
        have (i|we) (closed|left open) {blinds}
        where are {blinds}
        did i leave {blinds} (open|up)
    """),
    ("HassGetState", {"name": "front door"}, 1.6, """
        is the (front door|door) (locked|unlocked|still locked|still unlocked|locked or unlocked)
        did i lock (the front door|the door|up)
        have (i|we) locked the front door
        (check|tell me) (if|whether|that) the front door is (locked|unlocked)
        (what's|give me) the (state|status) of the front door
        is the house locked (up|)
        is the lock on the front door closed
        did i leave the front door (unlocked|open)
        (check|check on) the front door
        front door status
        has anyone locked the front door
    """),
    ("HassGetState", {"name": "thermostat"}, 1.8, """
        what's the (heating|thermostat|heat) (set to|set at|at|on)
        what is the (heating|thermostat|heat) (set to|set at|at)
        what temperature is the (heating|thermostat|heat) (set to|set at|at|on)
        what's the (state|status|setting) of the (heating|thermostat)
        is the (heating|heat|thermostat) (on|off|running|still on)
        how (high|warm|hot) is the (heating|heat|thermostat) (set|)
        did i leave the heating on
        check the (heating|thermostat)
        what's the target temperature
        what did i set the (heating|thermostat) to
        (tell me|read me) the thermostat (setting|)
        heating status
    """),
    ("HassGetState", {"name": "outdoor temperature"}, 2, """
        what's the temperature (outside|outdoors|out there|out)
        what is the (outdoor|outside) temperature
        what's the (outdoor|outside) temperature
        how (warm|cold|hot|chilly) is it (outside|outdoors|out there|out)
        is it (cold|warm|hot|freezing|chilly) (outside|out there|outdoors)
        how many degrees (is it|are there) outside
        (tell me|check|give me) the (outdoor|outside) temperature
        what does the thermometer outside say
        outside temperature
        outdoor temperature
        temperature outside
        how hot is it outside (right now|at the moment)
    """),
    ("HassGetState", {"name": "living room temperature"}, 2, """
        how (warm|cold|hot) is it in (the living room|here)
        what's the temperature in (the living room|here)
        what is the temperature in the living room
        what's the (living room|inside|indoor|room) temperature
        (tell me|check|give me) the (living room|indoor) temperature
        how many degrees (is it|are there) in (the living room|here)
        is it (cold|warm|hot) in the living room
        what's the temperature (inside|indoors)
        how (warm|cold|hot) is it (inside|indoors)
        living room temperature
        temperature in (the living room|here)
        how (warm|cold|hot) is the living room
        in the living room how warm is it
    """),
    ("HassGetState", {"name": "shopping list"}, 2.2, """
        what is on (the|my) shopping list
        what's on (the|my|our) (shopping list|list|grocery list)
        (read|read me|read out|tell me|give me|show me|list) the shopping list
        what do (i|we) (need to buy|have to buy|need from the shop|need from the store)
        what's (in|on) the list
        what (should|must) (i|we) buy
        (tell me|read me) what's on the (shopping list|list)
        what (do we have|have we got|did i put|is there) on the shopping list
        is there anything on the shopping list
        is {item} on the shopping list
        do (i|we) have {item} on the (shopping list|list)
        (check|go through) the shopping list
        what (groceries|shopping) do we need
        shopping list
        how many things are on the shopping list
    """),
    ("HassGetState", {"name": "music"}, 1.6, """
        what's (playing|this song|this track|this|the song|on the speaker)
        what (song|track|music) is (this|playing|that|on)
        what am i listening to
        (who|what) is (this song by|playing right now|singing)
        what's the name of this (song|track)
        (tell me|do you know) (the name of this song|what this song is|what's playing)
        is (the|any) music (playing|on|paused|still playing)
        is (something|anything) playing
        which song is (this|playing|it)
        name (this|that) (song|tune)
        what's the (title|name) of the song
        what's the song called
    """),
    ("HassGetWeather", {"day": "today"}, 2.6, """
        what's the weather (like|today|like today|right now|outside|doing|)
        how's the weather (today|outside|looking|)
        what is the weather (today|like|)
        (tell me|give me|check|what about) the weather (today|)
        will it (rain|snow|be sunny|be cold|be warm|be windy) today
        is it (going to rain|raining|snowing|sunny|windy|cloudy|nice) (outside|today|)
        do i need (an umbrella|a coat|a jacket) (today|)
        what's the (forecast|weather forecast) (for today|today|)
        (give me|tell me) (today's|the) forecast
        what (will|is) the weather (be like|going to be) today
        what's it like outside
        weather (today|report|forecast|)
        today's weather
        how will the weather be today
        what's it going to be like today
        any rain today
        should i take an umbrella (today|)
    """),
    ("HassGetWeather", {"day": "tomorrow"}, 2.4, """
        what will the weather be (like|) tomorrow
        what's the weather (like|going to be like|going to be|) tomorrow
        what's the weather for tomorrow
        how's the weather (tomorrow|looking tomorrow|looking for tomorrow|going to be tomorrow)
        how will the weather be tomorrow
        (tell me|give me|what about|check) the weather (for|) tomorrow
        will it (rain|snow|be sunny|be cold|be warm|be windy) tomorrow
        is it going to (rain|snow|be nice|be cold|be sunny) tomorrow
        do i need (an umbrella|a coat|a jacket) tomorrow
        what's (the forecast|the weather forecast) (for tomorrow|tomorrow)
        (give me|tell me) tomorrow's (forecast|weather)
        weather (for|) tomorrow
        tomorrow's (weather|forecast)
        what's tomorrow (looking|going to be) like
        any rain tomorrow
        should i take an umbrella tomorrow
        and tomorrow's weather
    """),
    ("HassGetCurrentTime", {}, 2.4, """
        what time is it (now|right now|)
        what's the time (now|)
        (tell me|give me|say) the (time|current time)
        what is the (time|current time)
        (do you know|do you have|have you got) (the time|what time it is)
        what does the clock say
        how late is it
        time please
        (tell me|do you know) what time it is
        is it late
        what's the (current time|hour)
        the time please
        check the (time|clock)
        what time (do we have|have we got|have you got)
        current time
    """),
    ("HassGetCurrentDate", {}, 2.4, """
        what day is it (today|)
        what's (the date|today's date|the day|the date today|today)
        what is (the date|today's date|the day|the date today)
        what date is it (today|)
        (tell me|give me|say) (the date|today's date|what day it is)
        which day is it (today|)
        what day of the week is it
        what day (are we|is today)
        what's the day today
        (do you know|can you tell me) (the date|what day it is|today's date)
        today's date
        is (it|today) (monday|friday|sunday|the weekend)
        what (month|year) is it
        what day of the month is it
        the date please
    """),
)
# fmt: on

JOKES = (
    "Why did the light bulb fail? It wasn't very bright.",
    "What do you call a sleeping clock? A snooze.",
    "Why did the fan go home? It was blown away.",
)

# label -> (weight, answers, templates)
CORRECTIONS: tuple[Group, ...] = (
    (
        "HassTurnOff",
        {},
        1,
        """
        (turn|switch) on (no|sorry|i mean|no wait), (turn|switch) off {thing}
        (turn|switch) on {thing}, (no|sorry|i mean|wait|actually), (turn it|switch it) off
    """,
    ),
    (
        "HassTurnOn",
        {},
        1,
        """
        (turn|switch) off (no|sorry|i mean|no wait), (turn|switch) on {thing}
        (turn|switch) off {thing}, (no|sorry|i mean|wait|actually), (turn it|switch it) on
    """,
    ),
    (
        "HassCloseCover",
        {},
        0.5,
        """
        open (no|sorry|i mean|wait no), close {blinds}
        open {blinds}, (no|sorry|actually), close them
    """,
    ),
    (
        "HassOpenCover",
        {},
        0.5,
        """
        close (no|sorry|i mean|wait no), open {blinds}
        close {blinds}, (no|sorry|actually), open them
    """,
    ),
)

TALK: dict[str, tuple[float, tuple[str, ...], str]] = {
    "who": (
        1.0,
        ("I'm Gemma, your home's voice assistant.",),
        """
        who are you
        what's your name
        what is your name
        who am i (talking|speaking) to
        (tell me|say) (your name|who you are)
        what are you (called|)
        do you have a name
        introduce yourself
        what should i call you
        who is this
        who's there
        are you (gemma|a robot|a computer|human)
        what kind of assistant are you
    """,
    ),
    "skills": (
        1.0,
        ("I can control your home, set timers and tell you the weather.",),
        """
        what can you do (for me|)
        what (do you do|can i ask|can i ask you|can i say|are you able to do|are you good at|are you for)
        how can you help (me|)
        what are your (skills|abilities|features)
        (tell me|show me) what you can do
        help
        help me
        what (things|commands) (can you do|do you know|do you understand)
        what do you know how to do
        what else can you do
        how do i use you
    """,
    ),
    "joke": (
        1.0,
        JOKES,
        """
        tell (me|us) a (joke|good joke|funny joke)
        tell a joke
        do you know (a joke|any jokes|a good joke)
        (make me|make us) laugh
        say something funny
        (give me|i want|i'd like) a joke
        i want to hear a joke
        (got|have you got) (any jokes|a joke)
        (another|one more) joke
        cheer me up
        a joke please
        be funny
    """,
    ),
    "hello": (
        0.8,
        ("Hello!",),
        """
        (hello|hi|hey|good morning|good afternoon|good evening)
        (hello|hi|hey) (there|gemma)
        hello hello
        (hi|hello) again
    """,
    ),
    "thanks": (
        0.9,
        ("You're welcome.",),
        """
        (thank you|thanks)
        thank you (very much|so much|gemma)
        thanks (a lot|gemma|so much|very much|for that|a bunch)
        (many thanks|cheers|much appreciated|i appreciate it)
        (great|ok|perfect|lovely) (thanks|thank you)
        thank you that's (great|all|perfect)
        that's (great|perfect) thank you
        thanks for (your help|the help)
    """,
    ),
    "night": (
        0.8,
        ("Good night.",),
        """
        (good night|goodnight|night night|nighty night)
        (good night|goodnight) gemma
        (sleep well|sleep tight)
        i'm (going to bed|off to bed|going to sleep) (now|)
        (have a|) good night
        time for bed good night
        see you in the morning
    """,
    ),
    "never mind": (
        1.6,
        ("",),
        """
        (never mind|nevermind)
        forget (it|that|about it|i said that|what i said)
        cancel (that|it|)
        cancel
        stop
        (stop|cancel|forget) (it|that) (please|)
        (oh|ah|no) (never mind|forget it)
        never mind (that|then|about that|i'll do it)
        ignore (that|me|what i said)
        (scratch|skip|drop) that
        (be quiet|quiet|shut up|hush|silence|shush)
        (nothing|it's nothing|nothing thanks|oh nothing)
        don't worry about it
        it doesn't matter
        leave it
        that's (all|it|enough)
        stop (talking|listening)
        i changed my mind
        false alarm
    """,
    ),
    "yes": (
        1.0,
        ("Yes.",),
        """
        (yes|yeah|yep|sure|okay|ok|of course|certainly|absolutely|definitely|right|correct)
        yes (please|do|do it|do that|go ahead|that's right|i'm sure|i am)
        (do it|do that|go ahead|go on|please do|go for it|confirm)
        (yeah|sure|okay) (do it|go ahead|please)
        that's right
        i'm sure
    """,
    ),
    "no": (
        1.0,
        ("No.",),
        """
        (no|nope|nah|no way)
        no (don't|thanks|thank you|please don't|don't do it|don't do that|not now|i'm not|leave it)
        (don't|please don't|don't do it|don't do that|do not)
        (not now|better not|rather not|i'd rather not)
        absolutely not
        of course not
    """,
    ),
}

JAPANESE: dict[str, str] = {
    "good morning": "おはようございます",
    "thank you": "ありがとうございます",
    "hello": "こんにちは",
    "good evening": "こんばんは",
    "good night": "おやすみなさい",
    "goodbye": "さようなら",
    "excuse me": "すみません",
    "yes": "はい",
    "no": "いいえ",
    "please": "お願いします",
    "cheers": "乾杯",
    "i love you": "愛してる",
    "how are you": "お元気ですか",
    "welcome home": "おかえりなさい",
    "good luck": "頑張って",
    "happy birthday": "お誕生日おめでとう",
}
JAPANESE_WORDINGS = """
    (how do you|how do i|how would you|how can i|how do they|how does one) say {phrase} in japanese
    (say|tell me) {phrase} in japanese
    translate {phrase} (to|into|in) japanese
    (what is|what's) {phrase} in japanese
    {phrase} in japanese
    what's the japanese (for|word for|phrase for|way to say) {phrase}
    (what is|what's) the japanese translation of {phrase}
    in japanese how do you say {phrase}
    (can you|please) say {phrase} in japanese
    (give me|i need) {phrase} in japanese
    the japanese for {phrase}
    how is {phrase} said in japanese
    what do they say for {phrase} in japanese
    what do the japanese say for {phrase}
    i want to say {phrase} in japanese
    (teach me|show me) (to say|how to say) {phrase} in japanese
    put {phrase} into japanese
"""
