# Reads the results of a test run: what CTest and the GoogleTest programs wrote into one folder.
# shellcheck shell=bash

# attribute NAME LINE: the value of an XML attribute.
attribute() {
  [[ $2 =~ [[:space:]]$1=\"([^\"]*)\" ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# The lines of all <testcase> elements that GoogleTest wrote.
gtest_cases() { grep -hE '^ *<testcase ' "$1"/*.xml 2>/dev/null; }

# print_slowest FOLDER COUNT
print_slowest() {
  heading "the slowest tests"
  gtest_cases "$1" | sed -nE 's/.* name="([^"]*)".* time="([^"]*)".* classname="([^"]*)".*/\2 \3.\1/p' |
    sort -rn | head -n "$2" | while read -r time name; do printf '%8.2f s  %s\n' "$time" "$name"; done
}

# print_skipped FOLDER: which tests were skipped, and why.
print_skipped() {
  local reasons
  reasons=$(grep -hoE '<skipped message="[^"]*"' "$1"/*.xml 2>/dev/null | sort | uniq -c |
    sed -E 's/<skipped message="([^"]*)"/\1/; s/&#x0A;/ /g')
  [[ -z $reasons ]] && return
  heading "skipped, and why"
  printf '%s\n' "$reasons"
}

# count_program FOLDER JUNIT-LINE: adds what one program of CTest did to passed, failed and skipped.
# A program that failed without saying which test did (a crash, a time limit) counts as one failure.
count_program() {
  local name status file tests=1 failures=0 skips=0
  name=$(attribute name "$2") status=$(attribute status "$2")
  file=$1/$name.xml
  if [[ -s $file ]]; then
    tests=$(attribute tests "$(grep -m1 '<testsuites ' "$file")")
    failures=$(attribute failures "$(grep -m1 '<testsuites ' "$file")")
    skips=$(grep -c '<skipped ' "$file")
  elif [[ $status == notrun || $status == disabled ]]; then
    skips=1
  fi
  if [[ $status == fail ]] && ((failures == 0)); then failures=1; fi
  if ((failures + skips > tests)); then tests=$((failures + skips)); fi
  passed=$((passed + tests - failures - skips)) failed=$((failed + failures)) skipped=$((skipped + skips))
}

# print_count FOLDER: "N passed, N failed", and ", N skipped" when there are any. Fails when a test
# failed or none ran.
print_count() {
  local line passed=0 failed=0 skipped=0
  while read -r line; do
    count_program "$1" "$line"
  done < <(grep '<testcase ' "$1/ctest.junit" 2>/dev/null)
  if ((skipped > 0)); then
    say "$passed passed, $failed failed, $skipped skipped"
  else
    say "$passed passed, $failed failed"
  fi
  ((failed == 0 && passed > 0))
}
