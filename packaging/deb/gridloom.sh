# shellcheck shell=sh
# The data folder of the server that systemd runs, for `gridloom status` and all other commands.
: "${GRIDLOOM_DATA:=/var/lib/gridloom}"
export GRIDLOOM_DATA
