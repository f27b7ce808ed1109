# Turns pip's verbose log into progress: packages, then the compile steps. One line that changes in a terminal is left
# to the terminal's owner: here a line every 10 %, so that a pipe reads well too.
/^Collecting / { packages += 1; if (packages % 10 == 1) say("Python packages: " packages) }
/^ *\[[0-9]+\/[0-9]+\]/ {
    split($1, step, /[\[\/\]]/)
    tenth = int(10 * step[2] / step[3])
    if (tenth != last_tenth) { last_tenth = tenth; say("compiling llama.cpp: " step[2] " of " step[3] " steps") }
}
/^Installing collected packages/ { say("installing the packages") }
function say(text) { print "  " text; fflush() }
