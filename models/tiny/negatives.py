"""Sentences that must do nothing; the tiny model answers that it didn't understand.

Stories about devices, devices and rooms that this home doesn't have, commands that are forbidden or unfinished,
television, small talk, random words. About a fifth of the training samples, many of them close to a command in sound.
Same template syntax as phrases.py; the slots here are word lists.
"""

from models.tiny.slots import COLORS, ITEMS, ROOMS, TIMER_NAMES

WORDS: dict[str, tuple[str, ...]] = {
    key: tuple(text.split("|"))
    for key, text in {
        "badroom": "garage|garden|attic|basement|cellar|balcony|dining room|guest room|nursery|laundry room|"
        "playroom|porch|"
        "driveway|shed|pantry|loft|conservatory|utility room|terrace|staircase|closet|gym|library|workshop|patio|"
        "studio|"
        "kids room|spare room|corridor outside|barn|pool house|greenhouse|mud room|music room|game room|den|study",
        "baddevice": "oven|dishwasher|heater|washing machine|dryer|fridge|freezer|kettle|toaster|microwave|vacuum|"
        "robot vacuum|"
        "radio|computer|printer|router|camera|alarm|doorbell|sprinkler|gate|air conditioner|humidifier|dehumidifier|"
        "projector|stereo|playstation|car|phone|water heater|boiler|fireplace|stove|iron|hair dryer|lawn mower|"
        "garage door|back door|garden hose|fish tank|christmas tree|blender|mixer|treadmill|hot tub|sauna|shower|tap",
        "person": "my sister|my brother|my mum|my dad|my wife|my husband|the neighbour|my friend|anna|peter|the kids|"
        "my boss|someone|nobody|he|she|they|we|the landlord|my aunt|grandma|tom|lucy|the babysitter|our guest|everyone",
        "when": "yesterday|last night|this morning|last week|on sunday|two days ago|an hour ago|before dinner|"
        "when i came home|last year|while we were away|every evening|all the time|in the film|again|for no reason",
        "did": "turned on|turned off|switched on|switched off|left on|forgot to turn off|broke|fixed|painted|bought|"
        "sold|"
        "cleaned|moved|replaced|wanted|installed|liked|repaired|dimmed|unplugged",
        "device": "the kitchen light|the living room light|the bedroom light|the bathroom light|the office light|"
        "the desk lamp|"
        "the hallway light|the fan|the bedroom fan|the blinds|the bedroom curtains|the office blinds|the heating|"
        "the tv|"
        "the television|the coffee machine|the music|the front door|the timer|the volume|the thermostat|all the lights",
        "room": "|".join(ROOMS),
        "nofanroom": "kitchen|bathroom|office|hallway|garage|attic|dining room|basement|guest room",
        "noblindroom": "kitchen|bathroom|hallway|garage|attic|dining room|guest room|basement|nursery",
        "nosensorroom": "kitchen|bedroom|bathroom|office|hallway|garage|attic|fridge|oven|car|basement|guest room",
        "color": "|".join(COLORS),
        "badcolor": "brown|grey|black|transparent|plaid|invisible|striped|silver",
        "number": "two|three|five|seven|ten|twelve|twenty|twenty five|thirty|forty|fifty|sixty|eighty|a hundred|"
        "nineteen",
        "hugenumber": "sixty|ninety|two hundred|a thousand|five hundred|eighty|a hundred|a million|three hundred",
        "item": "|".join(ITEMS),
        "otherlist": "wish list|birthday list|packing list|gift list|guest list|party list|reading list|bucket list|"
        "task list|to do list|holiday list|wedding list|waiting list|invitation list|school list|menu|diary|notes|"
        "hardware list|present list|film list|work list|cleaning list|chores list|budget|meal plan",
        "timername": "|".join(TIMER_NAMES),
        "place": "london|paris|berlin|new york|tokyo|the mountains|scotland|spain|madrid|rome|the north|australia|"
        "chicago",
        "day": "monday|tuesday|wednesday|thursday|friday|saturday|sunday|next week|the weekend|next month|christmas",
        "language": "french|german|spanish|italian|chinese|korean|latin|dutch|swedish|portuguese|russian|greek",
        "foreign": "good morning|thank you|hello|goodbye|yes|no|please|good night|how are you|cheers|good luck",
        "nojapanese": "where is the station|i would like a coffee|the cat is black|how much does it cost|my name is "
        "peter|"
        "i don't understand|see you tomorrow|what time is it|turn on the light|the weather is nice|i am hungry|monday|"
        "seven|train|dog|restaurant|water|the bill please|i'm lost|new year|congratulations|sorry|father|book",
        "fact": "the capital of france|the tallest mountain|the speed of light|the meaning of life|the square root "
        "of nine|"
        "the population of china|the distance to the moon|the president of america|a black hole|photosynthesis|"
        "the longest river|the price of gold|the boiling point of water|an electron|the stock market|bitcoin",
        "topic": "politics|football|the economy|the election|climate change|the royal family|the traffic|the new phone|"
        "the holidays|the concert|the recipe|the meeting|school|the wedding|the hospital|the train strike|history",
        "noun": "dog|cat|house|car|tree|river|street|window|table|chair|book|phone|letter|teacher|doctor|child|mother|"
        "father|friend|summer|winter|morning|evening|school|city|village|bridge|train|boat|flower|garden|mountain|"
        "kitchen|bedroom|light|door|picture|music|story|dinner|coffee|money|work|game|question|answer|idea|problem|"
        "paper|box|shirt|shoe|hat|bird|horse|fish|cloud|star|ocean|island|market|office|lamp|fan|blind|curtain|minute",
        "verb": "walked|ran|found|took|gave|made|said|told|asked|wanted|liked|loved|hated|bought|sold|opened|closed|"
        "started|stopped|turned|switched|moved|carried|lost|kept|wrote|read|cooked|cleaned|painted|watched|heard|saw|"
        "felt|thought|knew|forgot|remembered|called|visited|played|set|put|broke|added|dimmed|locked|left",
        "adjective": "old|new|big|small|red|blue|green|happy|sad|cold|warm|dark|bright|quiet|loud|early|late|long|"
        "short|"
        "heavy|light|easy|hard|clean|dirty|beautiful|strange|famous|tired|hungry|young|rich|poor|slow|fast|empty|full",
        "adverb": "slowly|quickly|never|always|often|yesterday|today|tomorrow|again|soon|later|quietly|suddenly|maybe|"
        "really|almost|together|outside|upstairs|everywhere|finally|usually|sometimes|already",
        "glue": "the|a|and|but|of|to|in|on|off|with|for|at|from|by|it|that|this|is|was|were|not|so|then|because|if|"
        "when|or|"
        "you|i|he|she|we|they|my|your|his|her|our|all|some|no|up|down|over|under|about|after|before",
        "rude": "banana|purple monkey|blah blah|la la la|wibble|oops|hmm|ah|uh|er well|mm|ha ha ha|achoo|hum hum",
        "onverb": "turn on|turn off|switch on|switch off|put on|shut off|start|stop|kill|power up|activate",
    }.items()
}

# fmt: off
# label -> (weight, templates). Labels are only for tables.
NEGATIVES: dict[str, tuple[float, str]] = {
    "unknown room": (3.0, """
        (turn|switch) (on|off) the {badroom} (light|lights|fan|tv|heating)
        (turn|switch) the {badroom} (light|lights) (on|off)
        (turn|switch) (on|off) the (light|lights) in the {badroom}
        (dim|brighten) the {badroom} (light|lights) to {number} percent
        make the {badroom} light {color}
        (open|close) the {badroom} (blinds|door|window|curtains)
        set the {badroom} (light|lights) to {number} percent
        in the {badroom} turn on the light
        is the {badroom} light on
        {badroom} light (on|off)
        lights on in the {badroom}
        set the {badroom} blinds to {number} percent
        lock the {badroom} door
        turn on the {nofanroom} fan
        (turn|switch) (on|off) the fan in the {nofanroom}
        (open|close) the {noblindroom} (blinds|curtains)
        set the {noblindroom} blinds to {number} percent
        how (warm|cold) is it in the {nosensorroom}
        what's the temperature in the {nosensorroom}
        set the {badroom} temperature to {number} degrees
    """),
    "unknown device": (3.0, """
        {onverb} the {baddevice}
        (turn|switch) the {baddevice} (on|off)
        (open|close|lock|unlock) the {baddevice}
        is the {baddevice} (on|off|open|running)
        set the {baddevice} to {number} (degrees|percent)
        (start|stop|pause) the {baddevice}
        {baddevice} (on|off)
        turn (up|down) the {baddevice}
        (turn|switch) (on|off) the {room} {baddevice}
        can you {onverb} the {baddevice}
        please {onverb} the {baddevice}
        what's the state of the {baddevice}
        dim the {baddevice}
        add {item} to the (to do list|christmas list|calendar)
    """),
    "don't": (2.6, """
        don't {onverb} {device}
        do not {onverb} {device}
        please don't (turn off|turn on|open|close|touch|dim|lock) {device}
        never {onverb} {device}
        (don't|do not) (set|start) (a|the) timer (for {number} minutes|)
        don't (set|turn) the heating to {number} degrees
        don't add {item} to the shopping list
        don't (pause|stop|play) the music
        leave {device} (alone|as it is|on|off)
        you (shouldn't|must not|don't need to|needn't) {onverb} {device}
        i (don't|do not) want you to {onverb} {device}
        there's no need to {onverb} {device}
        stop turning (on|off) {device}
        don't (dim|change|touch) the {room} light
        don't lock the front door
        don't (open|close) the blinds
        let's not {onverb} {device}
    """),
    "story": (4.0, """
        {person} {did} {device} {when}
        {person} {did} {device}
        {person} {did} {device} in the {badroom} {when}
        {when} {person} {did} {device}
        i (told|asked) {person} to {onverb} {device}
        {person} (always|never|often) (turns|switches) (on|off) {device}
        {person} said that {device} (is|was) (broken|too bright|too loud|very old|on fire|beautiful)
        i (think|hope|believe|guess) {person} {did} {device}
        (why|when|how) did {person} (turn on|turn off|close|open|break|buy|move) {device}
        we (used to|have to|had to|could|might) {onverb} {device} {when}
        {device} (was|were) (on|off|open|closed) {when}
        if you {onverb} {device} {person} will be (angry|happy|late)
        {person} (wants|wanted) to {onverb} {device}
        i (like|love|hate|bought|need to fix|can't find|should clean) {device}
        {person} set a timer for {number} minutes {when}
        {person} added {item} to the shopping list {when}
        i (should|must|will|could|have to) {onverb} {device} (later|tomorrow|one day)
        {device} (broke|stopped working|made a noise|needs repair|costs a fortune)
        {person} turned {device} (on|off) {when}
        {person} (opened|closed|lowered|raised) the blinds {when}
        {person} made the {room} light {color} {when}
        she set the heating to {number} degrees {when}
        {person} locked the front door {when}
        after {person} {did} {device} we (went home|had dinner|fell asleep|watched a film)
        the {adjective} {noun} {verb} when {person} {did} {device}
    """),
    "out of range": (1.4, """
        set the heating to {hugenumber} degrees
        set {device} to {hugenumber} kilometres
        make the {room} light {badcolor}
        set the {room} light to {hugenumber} volts
        turn the heating (up|down)
        turn (up|down) the (volume|music)
        (a bit|a little) (louder|quieter|warmer|colder)
        make it (louder|quieter|warmer|colder)
        turn the volume (up|down) (a bit|a little|)
        (turn|switch) everything (on|off)
        turn the {room} (upside down|around|inside out)
        set a timer for tomorrow
        set an alarm for {number}
        wake me up at {number}
        remind me to (buy {item}|call {person}|go home|water the plants) (tomorrow|in {number} minutes|at {number}|)
        set the oven timer on the stove
        remove {item} from the shopping list
        clear the shopping list
        open the front door camera
        play (jazz|some jazz|the beatles|the news|a podcast|track {number}|radio one|my workout playlist)
        what's the weather (in {place}|on {day}|like in {place}|for {day})
        will it rain (in {place}|on {day})
        what time is it in {place}
        how do you say {foreign} in {language}
        say {foreign} in {language}
        translate {foreign} (to|into) {language}
        how do you say {nojapanese} in japanese
        what is {nojapanese} in japanese
        say {nojapanese} in japanese
        translate {nojapanese} (to|into) japanese
    """),
    "unfinished": (2.6, """
        {onverb} the
        (turn on|turn off|switch on|switch off|put on|shut off)
        turn (on|off) the (kitchen and|living|bed|one in the|big|other one)
        (turn|switch|put) the
        set (the|a|a timer for|the heating to|the volume to|a pasta|the office)
        set the {room} light (to|at)
        make the {room} light
        make the
        dim the
        add (to the shopping list|to the list|the|some)
        add {item} to
        (open|close) the
        in the {room}
        the {room}
        the {room} (and|or|please)
        {device}
        {device} (and|or|please|in the)
        {number} (percent|degrees|minutes|)
        {color}
        timer
        set a
        set a {timername}
        what's the
        what is
        is the {room}
        how do you say
        how do you
        say
        how much
        tell me (about|the|)
        could you (please|) (turn|set|)
        i (want|would like) (to|you to|)
        {color} and {color}
        {item}
        please
        um
        {onverb} and
        and the {room}
        the {timername}
        in japanese
        shopping
        {timername} {number}
    """),
    "questions": (3.0, """
        what is {fact}
        (tell me|explain) (about|more about) {fact}
        who (invented|discovered|wrote about) {fact}
        (why|how) (is|does) {fact} (work|so important|change)
        what do you think (of|about) {topic}
        (what's|what is) new in {topic}
        who won the (game|match|race|election|cup) {when}
        how (old|tall|far away|heavy|expensive) is (the moon|the eiffel tower|the queen|an elephant|a car|{place})
        what is {number} (plus|minus|times|divided by) {number}
        how do (i|you) (cook|make|bake|freeze) {item}
        where (is|are) (my keys|my phone|the cat|{place}|the nearest shop|the station|my glasses)
        when (does|is) (the shop open|the train leave|dinner|the next bus|my birthday|easter|the film on)
        (call|text|phone|message) {person}
        send (a message|an email|money) to {person}
        (book|order) (a taxi|a table|a pizza|tickets|a flight to {place})
        how much (is|are|does) {item} cost
        (sing|play) me a (song|lullaby)
        tell me a (story|secret|poem|riddle)
        (what's|read me) the news (today|)
        how was your day
        do you (like|love|know|remember) (me|music|pizza|{item}|{person}|{place})
        are you (happy|listening|married|tired|hungry|real|alive)
        what colour is the (sky|sea|moon|grass|car)
        how many (people|countries|planets|legs|days) (are there|does a spider have|in a year)
        can you (drive|cook|swim|dance|see me|hear me|call {person})
        what should i (wear|eat|cook|watch|do) (today|tonight|tomorrow)
        who is {person}
        how do i get to {place}
        (buy|sell) (stocks|a car|some shares|{item})
        what does (serendipity|love|that word|this|{noun}) mean
        spell (banana|necessary|{noun}|rhythm)
        is there life on mars
        where (do|does) {person} live
        what's on (tv|television|the radio|channel {number}) (tonight|now|)
        how long (is|does) (the film|a marathon|it take to {place}|the flight)
    """),
    "television": (4.0, """
        and now back to the (studio|news|weather in {place}|show|game)
        good evening and welcome to (the news|{place}|the show|another episode)
        the (minister|president) said {when} that {topic} (is|was|will be) (over|important|changing)
        the (company|police|union) said {when} that {topic} (is|was|will be) (over|important|changing)
        tonight at {number} we talk about {topic}
        breaking news from {place}
        the weather for {place} {number} degrees and (rain|sun|wind|clouds)
        he (shoots|passes|scores) what a goal for {place}
        call now for only {number} dollars
        in this episode {person} (meets|loses|finds|visits) {person}
        don't go away we'll be right back after the break
        that is the {adjective} {noun} in {place}
        (welcome|welcome back) to {topic} (today|tonight|in {place})
        scientists in {place} (say|found|believe) that {fact} (is|was) (wrong|new|important)
        {person} and {person} (are|were) talking about {topic}
        how could you do this to me {person}
        i never loved you {person}
        the (film|match|series) starts at {number} on channel {number}
        shares fell by {number} percent {when}
        traffic is heavy on the road to {place}
        turn left at the next (light|corner|street|junction)
        add the {item} and the {item} and stir for {number} minutes
        put the {item} in the oven at {number} degrees for {number} minutes
        then you add {item} to the {noun}
        she turned and closed the door behind her
        the lights went out and somebody screamed
        light up your life with our new {noun}
        stop right there said the {adjective} {noun}
        the {noun} is off the {noun}
        the dark side of the {noun}
        a {adjective} light on the {noun}
        set in {place} the film tells of a {adjective} {noun}
    """),
    "chat": (3.6, """
        i (think|know|hope|guess) (it's|we are|that's|you're) (too late|fine|right|wrong|tired|hungry|going)
        did you (see|hear|read|watch|like) (that|the game|the news|{topic}|{person}|the film)
        i (was|am) (so|very|really) {adjective} {when}
        (can|could) you pass me the {item}
        the {item} (tastes|smells|looks) (good|bad|strange|wonderful)
        we should (go out|eat|leave|talk about {topic}|visit {person}) {when}
        {person} (is|was|will be) {adjective}
        {person} is coming (home|to dinner|over|tomorrow|at {number})
        what (did|do) you (want|say|mean|need) (for dinner|{person}|)
        i'll (be back|call {person}|see you|do it) (later|soon|at {number}|tomorrow)
        do you want (some|more) {item} {person}
        let's (go|eat|play a game|watch a film|call {person}|have dinner)
        where (have you been|are you going|did you put the {item})
        i need (a break|a holiday|to sleep|new shoes|a haircut|some air)
        it's (a|such a) {adjective} (day|evening|{noun})
        come (here|on|in|back|to the table)
        dinner is (ready|on the table|at {number})
        (wow|oh|well|so|yeah|no) that's {adjective}
        i can't believe (it|{person} did that|how {adjective} it is)
        have you (seen|fed|washed) the (cat|dog|car|{noun})
        we're (late|running out of time|having {item} for dinner|out of luck)
        (hurry up|calm down|sit down|wake up|get up|slow down|shut the window)
        my {noun} is {adjective}
        thank {person} for the {item}
        happy (birthday|new year|anniversary) {person}
        {person} (wants|likes|needs|hates) {item}
        is {person} (home|there|okay|{adjective})
        the light in {place} is {adjective}
        i'm a (big|huge) fan of {topic}
        {person} is a fan of {place}
        i played the {noun} {when}
        time flies when you're having fun
        turn around and {verb} the {noun}
        switch places with {person}
        turn the page
        close your eyes
        open your (book|mouth|present)
        set the table for {number}
        put on your (shoes|coat|hat)
        turn it
        put the {item} (on the table|in the fridge|away)
        stop the car
        lock {person} in
        start the car
        (light|dim) sum
        lights camera action
        dim the sun
        what a {adjective} {noun}
    """),
    "words": (4.0, """
        the {adjective} {noun} {verb} the {noun} {adverb}
        {person} {verb} a {noun} {adverb}
        a {noun} and a {noun} {verb} {adverb}
        {adverb} the {noun} {verb} {glue} the {adjective} {noun}
        my {noun} {verb} your {adjective} {noun}
        {glue} {noun} {glue} {adjective} {glue} {noun}
        {noun} {glue} {verb} {glue} {noun} {adverb}
        {verb} {glue} {glue} {noun}
        {adjective} {noun} {glue} {number} {noun}
        {rude}
        {rude} {rude}
        {rude} {noun} {glue}
        turn {glue} {noun} {glue} {adjective}
        set {glue} {noun} {glue} {number}
        switch {glue} {adjective} {noun}
        {glue} light {glue} {noun} {verb}
        {noun} {noun} {noun}
        {glue} {glue} {glue} {glue}
        is {glue} {noun} {adjective}
        what {glue} {noun} {verb}
        how {glue} {adjective} {noun} {verb} {adverb}
        put {glue} {noun} {glue} {noun}
        add {glue} {noun} {glue} {verb}
        open {glue} {noun} {glue} {adjective}
        close {glue} {noun} {glue} {noun}
        {number} {noun} {glue} {noun}
        {person} {glue} {adjective} {noun} {glue} {noun} {verb}
    """),
}
# fmt: on
