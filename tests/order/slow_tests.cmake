# Read by ctest: the tests that take longest, with their seconds on two cores. ctest starts them first, so that none of
# them is left to run alone at the end. Without this it knows only in a folder where the tests ran before. The figures
# need not be exact, and a name that no test has does no harm.
set(slow_tests
    transcripts                          95
    scenarios/all_ways                   55
    unit/sim/OfEachFamily/Physics        49
    clients/conversations_paho           43
    clients/conversations_mqtt_js        33
    clients/restore                      25
    unit/history/Series                  25
    clients/bit_flips                    25
    clients/conversations_libmosquitto   23
    clients/command_line                 22
    clients/damage                       20
    clients/command_failures             20
    clients/ci_example                   20
    clients/terminal                     20
    clients/crash                        20
    bench/neighbours_smoke               20
    clients/own_device                   15
    scenarios/night                      15)
while(slow_tests)
  list(POP_FRONT slow_tests name seconds)
  set_tests_properties("${name}" PROPERTIES COST ${seconds})
endwhile()
