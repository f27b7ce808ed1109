#!/bin/sh
# Hey Gemma on a Raspberry Pi OS or Debian, 64-bit, as a service that starts at boot. Again: an upgrade.
#
#   ./install.sh [--model e2b] [--gpio] [--no-setup]     needs sudo, and the network: Debian, PyPI, with --model the model's host
#   ./install.sh uninstall [--keep settings,state,models]
#
# /opt/hey-gemma/versions/N   a whole environment each; `current` is a link to the one in use, the one before it stays
# /etc/hey-gemma              settings, token, password       /var/lib/hey-gemma   timers, wake log, models
# /var/cache/hey-gemma        can be thrown away              /usr/local/bin/hey-gemma   the command
set -eu

ROOT=${HEY_GEMMA_ROOT:-} # tests put another one in front
TOP=$ROOT/opt/hey-gemma
SETTINGS=$ROOT/etc/hey-gemma
STATE=$ROOT/var/lib/hey-gemma
CACHE=$ROOT/var/cache/hey-gemma
UNITS=$ROOT/etc/systemd/system
COMMAND_LINK=$ROOT/usr/local/bin/hey-gemma
USER_NAME=hey-gemma
PACKAGES="python3 python3-venv g++ libportaudio2 libgomp1"
GPIO_PACKAGES="swig python3-dev" # lgpio has no wheel for every Python
NEEDED_MB=2500 # while llama.cpp is compiled; 1 GB stays
SOURCE=$(cd "$(dirname "$0")" && pwd)
MODEL= GPIO=no SETUP=yes FRESH=no KEEP= COMMAND=install STEP=0

say() { echo "$*"; }
step() { STEP=$((STEP + 1)); echo "[$STEP/8] $*"; }
fail() { echo "error: $1" >&2; echo "what to do: $2" >&2; exit 1; }
systemd_runs() { [ -d "$ROOT/run/systemd/system" ]; }
as_service() { setpriv --reuid $USER_NAME --regid $USER_NAME --init-groups --no-new-privs env -i PATH=/usr/bin:/bin LANG=C.UTF-8 "$@"; }

gpio() { [ $GPIO = yes ] || [ -d "$(echo $TOP/current/lib/python3*/site-packages/gpiozero)" ]; }

usage() { sed -n '4,5s/^# *//p' "$0" >&2; exit 2; }

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
            uninstall) COMMAND=uninstall ;;
            --model) [ $# -gt 1 ] || usage; MODEL=$2; shift ;;
            --gpio) GPIO=yes ;; # lamp and button at the pins; an upgrade keeps it
            --no-setup) SETUP=no ;;
            --keep) [ $# -gt 1 ] || usage; KEEP=,$2,; shift ;;
            *) usage ;;
        esac
        shift
    done
    case $(echo "$KEEP" | sed -E 's/settings|state|models//g; s/,//g') in ?*) usage ;; esac
}

check_machine() {
    command -v apt-get >/dev/null || fail "this system has no apt-get" "make run works without a service, and names the packages that it needs"
    case $(dpkg --print-architecture) in
        arm64 | amd64) ;;
        *) fail "this system isn't 64-bit: $(dpkg --print-architecture)" "install Raspberry Pi OS (64-bit), Bookworm or Trixie" ;;
    esac
    [ -f "$SOURCE/requirements.lock" ] || fail "$SOURCE isn't Hey Gemma's folder" "run the install.sh of a clone"
    mkdir -p $TOP
    free=$(df -Pm $TOP | awk 'NR == 2 { print $4 }')
    [ "$free" -ge $NEEDED_MB ] || fail "$TOP has $free MB free; $NEEDED_MB are needed" "free some space"
}

debian_packages() {
    missing=
    for p in $PACKAGES $(gpio && echo $GPIO_PACKAGES); do
        dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
    done
    [ -n "$missing" ] || { say "  all there"; return 0; }
    say "  installing:$missing"
    apt-get update -qq || fail "apt-get update failed" "see if this machine is online, then run this again"
    # shellcheck disable=SC2086 # words are meant
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$TOP/apt.log" 2>&1 ||
        { tail -n 5 "$TOP/apt.log" >&2; fail "Debian's packages can't be installed" "apt-get install$missing"; }
    rm -f "$TOP/apt.log"
}

system_user() {
    getent passwd $USER_NAME >/dev/null || useradd --system --user-group --home-dir $STATE --no-create-home --shell /usr/sbin/nologin $USER_NAME
    getent group audio >/dev/null && usermod -aG audio $USER_NAME
    mkdir -p $SETTINGS $STATE/models $CACHE
    chown $USER_NAME:$USER_NAME $STATE $CACHE
    chmod 750 $STATE $CACHE
    for secret in home-assistant-token mqtt-password; do
        [ -e $SETTINGS/$secret ] || (umask 077 && : >$SETTINGS/$secret)
    done
    if [ ! -e $SETTINGS/config.toml ]; then
        echo "# Hey Gemma's settings: sudo hey-gemma setup, or see $TOP/current/share/config.example.toml" >$SETTINGS/config.toml
    fi
    chown root:$USER_NAME $SETTINGS/config.toml
    chmod 640 $SETTINGS/config.toml # there may be a PIN in it
    grep -q '^\[' $SETTINGS/config.toml || FRESH=yes # nobody has set anything; --model will
}

# pip_says ARGUMENTS...: run the new version's pip; its whole log goes to $log, progress to the terminal.
pip_says() {
    if ! { "$NEW/bin/python" -m pip --no-input --disable-pip-version-check --no-cache-dir -v "$@" 2>&1 || echo "PIP FAILED"; } |
        tee -a "$log" | awk -f "$SOURCE/models/progress.awk" || grep -q '^PIP FAILED' "$log"; then
        tail -n 25 "$log" >&2
        fail "the Python packages can't be installed; the whole log is $log" "see if this machine is online, then run this again"
    fi
}

# llama.cpp as a wheel, compiled for this very processor and kept: an upgrade with the same llama.cpp needs no patience.
# $HEY_GEMMA_WHEELS: a folder with one that was compiled on a machine like this.
llama_wheel() {
    flags="-DGGML_NATIVE=ON -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_CURL=OFF"
    wanted=$NEW/share/llama.txt
    awk '/^llama-cpp-python==/ { on = 1 } on { print } on && !/\\$/ { exit }' "$SOURCE/requirements.lock" >"$wanted"
    key=$({ cat "$wanted"; echo "$flags"; grep -m 1 -E '^(flags|Features)' /proc/cpuinfo; } | sha256sum | cut -c1-16)
    made=$TOP/wheels/$key
    if [ -n "${HEY_GEMMA_WHEELS:-}" ] && [ ! -d "$made" ]; then
        mkdir -p "$made" && cp "$HEY_GEMMA_WHEELS"/llama_cpp_python-*.whl "$made/"
        say "  llama.cpp: taken from $HEY_GEMMA_WHEELS"
    elif [ -d "$made" ]; then
        say "  llama.cpp: compiled before"
    else
        say "  llama.cpp is compiled for this processor, once: 10 to 30 minutes on a Raspberry Pi 5"
        rm -rf "$made.part"
        export CMAKE_ARGS="$flags"
        pip_says wheel --no-deps --require-hashes -w "$made.part" -r "$wanted"
        mv "$made.part" "$made"
    fi
    WHEEL=$(echo "$made"/llama_cpp_python-*.whl)
    for other in "$TOP"/wheels/*; do [ "$other" = "$made" ] || rm -rf "$other"; done
}

new_version() {
    NEW=$TOP/versions/$(date +%Y%m%d-%H%M%S)
    [ ! -e "$NEW" ] || fail "$NEW is there already" "run this again"
    rm -rf $TOP/versions/*.part
    mkdir -p $TOP/versions "$NEW/share"
    # Whatever ends this now: the half of a version goes, the one in use stays.
    trap 'rm -rf "$NEW"' EXIT
    trap 'exit 130' INT TERM HUP
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python is older than 3.11" "use Debian 12 or newer"
    python3 -m venv "$NEW"
    log=$TOP/install.log
    : >"$log"
    llama_wheel
    pip_says install --no-deps "$WHEEL"
    pip_says install --require-hashes -r "$SOURCE/requirements.lock"
    if gpio; then export PYPI=1 && pip_says install --require-hashes -r "$SOURCE/requirements-gpio.lock"; fi
    build=$(mktemp -d)
    for part in assistant models pyproject.toml README.md LICENSE requirements.lock; do cp -R "$SOURCE/$part" "$build/"; done
    pip_says install --no-deps "$build"
    rm -rf "$build"
    cp "$SOURCE/install.sh" "$SOURCE/config.example.toml" "$SOURCE/tests/replay/demo.flac" "$NEW/share/"
    cp "$SOURCE"/systemd/hey-gemma* "$NEW/share/"
    chmod -R go+rX "$NEW" && chmod 755 $TOP $TOP/versions
}

# The new version hears a recorded command, acts in its demo home and answers, as the service's user, with nothing of yours.
self_test() {
    here=$(mktemp -d)
    chown $USER_NAME "$here"
    : >"$here/config.toml"
    if ! as_service HOME="$here" HEY_GEMMA_CONFIG="$here/config.toml" timeout 300 "$NEW/bin/hey-gemma" run --mic-file "$NEW/share/demo.flac" \
        --pace fast --speaker-file "$here/answer.wav" --events "$here/events.jsonl" >"$here/said" 2>&1 ||
        ! grep -q '"light.turn_on"' "$here/events.jsonl" || [ "$(stat -c %s "$here/answer.wav")" -lt 10000 ]; then
        tail -n 15 "$here/said" >&2
        rm -rf "$here"
        fail "the new version failed its self-test; $([ -e $TOP/current ] && echo 'the one before it goes on' || echo 'nothing was switched on')" \
            "report this as a bug, with $TOP/install.log"
    fi
    say "  $(grep -c . "$here/events.jsonl") events, the kitchen light is on, answered in $(stat -c %s "$here/answer.wav") bytes of sound"
    rm -rf "$here"
    "$NEW/bin/hey-gemma" service allow --show --config $SETTINGS/config.toml >/dev/null ||
        fail "the new version can't read your settings" "mend $SETTINGS/config.toml as said above, then run this again"
}

switch_to() { ln -sfn "versions/$(basename "$1")" $TOP/current.new && mv -T $TOP/current.new $TOP/current; }

install_units() {
    cp $TOP/current/share/hey-gemma*.service $TOP/current/share/hey-gemma*.timer $UNITS/
    cp $TOP/current/share/install.sh $TOP/install.sh.new && mv $TOP/install.sh.new $TOP/install.sh # it may be running
    ln -sfn $TOP/current/bin/hey-gemma $COMMAND_LINK
    if systemd_runs; then systemctl daemon-reload; fi
    # What `systemctl enable` does, also while an image is made and no systemd is there.
    mkdir -p $UNITS/multi-user.target.wants $UNITS/timers.target.wants
    ln -sfn ../hey-gemma.service $UNITS/multi-user.target.wants/hey-gemma.service
    ln -sfn ../hey-gemma-allow.timer $UNITS/timers.target.wants/hey-gemma-allow.timer
}

start() {
    systemd_runs || { say "  systemd doesn't run here: it starts with the machine"; return 0; }
    systemctl start hey-gemma-allow.timer
    systemctl restart hey-gemma.service && systemctl is-active -q hey-gemma.service
}

activate() {
    BEFORE=$(readlink -f $TOP/current || true)
    if [ -n "$BEFORE" ] && [ -d "$BEFORE" ]; then
        "$BEFORE/bin/hey-gemma" backup $TOP/before-upgrade.tar --config $SETTINGS/config.toml >/dev/null || say "  no backup could be made"
    fi
    trap - EXIT
    switch_to "$NEW"
    install_units
    if start; then return 0; fi
    if [ -z "$BEFORE" ] || [ ! -d "$BEFORE" ]; then fail "the service doesn't start" "journalctl -u hey-gemma -e, and hey-gemma doctor"; fi
    say "  the new version doesn't start: back to the one before"
    switch_to "$BEFORE"
    install_units
    "$BEFORE/bin/hey-gemma" restore $TOP/before-upgrade.tar --config $SETTINGS/config.toml >/dev/null || true
    start || true
    rm -rf "$NEW"
    fail "the new version didn't start; the one before it runs again" "journalctl -u hey-gemma -e, and report this as a bug"
}

models() {
    [ -n "$MODEL" ] || { say "  the small model came with it; Gemma 4 E2B, a download of 4.3 GB: sudo hey-gemma models fetch --use"; return 0; }
    $TOP/current/bin/hey-gemma models fetch "$MODEL" --use --config $SETTINGS/config.toml ||
        fail "$MODEL isn't here; the service runs with the model it had" "sudo hey-gemma models fetch $MODEL --use, then sudo systemctl restart hey-gemma"
    if systemd_runs; then systemctl restart hey-gemma; fi
}

old_versions() {
    for v in $TOP/versions/*; do
        [ "$v" = "$NEW" ] || [ "$v" = "$BEFORE" ] || rm -rf "$v"
    done
}

settings() {
    if [ $FRESH = no ]; then
        say "Next: sudo hey-gemma doctor"
    elif [ $SETUP = yes ] && [ -t 0 ] && [ -t 1 ]; then
        $TOP/current/bin/hey-gemma setup --config $SETTINGS/config.toml || true
        if systemd_runs; then systemctl restart hey-gemma-allow hey-gemma; fi
        say "Next: say \"Hey Gemma, turn on the kitchen light\". If nothing happens: sudo hey-gemma doctor"
    else
        say "Next: sudo hey-gemma setup, then sudo systemctl restart hey-gemma-allow hey-gemma"
    fi
}

install() {
    check_machine
    step "Debian packages"; debian_packages
    step "The user $USER_NAME, its folders"; system_user
    step "A new version under $TOP/versions"; new_version
    step "Self-test of the new version"; self_test
    step "Switching to it; the service starts at boot"; activate
    step "Model"; models
    step "Old versions"; old_versions; say "  kept: $(ls $TOP/versions | tr '\n' ' ')"
    step "Settings"; settings
}

kept() { case $KEEP in *",$1,"*) true ;; *) false ;; esac; }

uninstall() {
    if systemd_runs; then systemctl disable -q --now hey-gemma.service hey-gemma-allow.timer hey-gemma-allow.service 2>/dev/null || true; fi
    rm -f $UNITS/multi-user.target.wants/hey-gemma.service $UNITS/timers.target.wants/hey-gemma-allow.timer
    rmdir --ignore-fail-on-non-empty $UNITS/multi-user.target.wants $UNITS/timers.target.wants 2>/dev/null || true
    rm -rf $UNITS/hey-gemma.service $UNITS/hey-gemma-allow.service $UNITS/hey-gemma-allow.timer $UNITS/hey-gemma.service.d
    rm -rf $ROOT/run/systemd/system.control/hey-gemma.service.d $ROOT/run/hey-gemma-allow
    if systemd_runs; then systemctl daemon-reload; fi
    if [ "$(readlink $COMMAND_LINK)" = $TOP/current/bin/hey-gemma ]; then rm -f $COMMAND_LINK; fi
    rm -rf $TOP $CACHE
    kept settings || rm -rf $SETTINGS
    if kept models; then find $STATE -mindepth 1 -maxdepth 1 ! -name models $(kept state && echo '-false') -exec rm -rf {} +
    elif kept state; then rm -rf $STATE/models
    else rm -rf $STATE; fi
    if kept settings || kept state || kept models; then say "Kept: $(ls -d $SETTINGS $STATE 2>/dev/null | tr '\n' ' ')and the user $USER_NAME, who owns them."
    elif getent passwd $USER_NAME >/dev/null; then userdel $USER_NAME; fi
    say "Hey Gemma is gone. Debian packages stay: others may use them ($PACKAGES)."
}

read_arguments "$@"
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "this needs root" "su -c '$0 $*'"
    exec sudo -- "$0" "$@"
fi
umask 022
$COMMAND
