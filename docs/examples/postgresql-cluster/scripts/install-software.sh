#!/bin/bash
# Gives this member its own folder with PostgreSQL in it, and the folder to the user the server will run as.
# Runs as the agent's own user, because an ordinary user may not be able to read where the software lies.
#
# Inputs:  directory   the member's folder; everything this workflow makes on the machine is in it
#          postgresql  where PostgreSQL lies: a folder with bin/, lib/ and share/
#          owner       user that the server runs as; PostgreSQL refuses root
# Outputs: directory
# Run again: replaces the software, keeps data.
set -euo pipefail

for program in postgres initdb pg_ctl; do
  if [ ! -x "$postgresql/bin/$program" ]; then
    echo "No $program in $postgresql/bin: set the input 'postgresql' to a folder with PostgreSQL's bin/, lib/ and share/." >&2
    exit 1
  fi
done
owner_id=$(id -u -- "$owner") || { echo "There is no user '$owner' here: set the input 'run_as' to one that exists." >&2; exit 1; }
if [ "$owner_id" = 0 ]; then
  echo "PostgreSQL refuses to run as root: set the input 'run_as' to an ordinary user." >&2
  exit 1
fi

mkdir -p -- "$directory"
touch -- "$directory/.postgresql-cluster"                 # remove-member.sh removes only a folder with this mark
# What an earlier, killed run left behind may still be at work: its processes hold this lock until they end.
exec 9<"$directory/.postgresql-cluster"
flock -w 60 9 || { echo "An earlier run of this workflow is still at work in $directory." >&2; exit 1; }
rm -rf -- "$directory/software.new"
cp -R -- "$postgresql" "$directory/software.new"
chmod -R u+w,a+rX -- "$directory/software.new"

# The npm package carries libxyz.so.60.2 but not the link libxyz.so.60 that the programs ask for.
for library in "$directory"/software.new/lib/lib*.so.*.*; do
  [ -e "$library" ] || continue                           # a complete installation may have none of these
  link=${library%.*}
  [ -e "$link" ] || ln -s -- "${library##*/}" "$link"
done

rm -rf -- "$directory/software"
mv -- "$directory/software.new" "$directory/software"
chmod 0755 -- "$directory"
if [ "$(id -u)" = 0 ]; then chown -- "$owner" "$directory"; fi
printf %s "$directory" >"${heat_outputs_path}.directory"
