# Read by ctest: the tests that take longest, with their seconds on two cores. ctest starts them first, so that none of
# them is left to run alone at the end. Without this it knows only in a folder where the tests ran before. The figures
# need not be exact, and a name that no test has does no harm. Tests of which one runs at once are to begin first: else
# they end the run, and leave a core idle.
set(slow_tests
    cluster/faults                       200
    cluster/copies                       200
    cluster/connect                      200
    cluster/run                          200
    cluster/status                       200
    cluster/guide                        200
    cluster/first                        200
    browser/two_thousand_devices         150
    browser/dashboard                    150
    browser/demo_home                    150
    browser/device_page                  150
    browser/families                     150
    browser/many_devices                 150
    browser/settings                     150
    browser/home_pages                   150
    browser/german                       150
    browser/outcomes                     150
    browser/shared_device                150
    browser/embed                        150
    browser/no_device                    150
    browser/one_device                   150
    transcripts                          100
    clients/terminal                     100
    clients/burst                        70
    clients/command_line                 70
    clients/crash                        65
    clients/damage                       65
    unit/sim/HomeFields                  60
    unit/app/Families/GuessOf            50
    scenarios/all_ways                   50
    transcripts/three_nodes              50
    clients/command_failures             45
    unit/sim/DemoHome                    45
    unit/sim/HomeYear/EachHome           40
    clients/bit_flips                    40
    unit/sim/Families/Resume             40
    unit/app/Ways/AdminTest              35
    unit/sim/OfEachFamily/Physics        35
    clients/restore                      30
    clients/tls                          25
    clients/history                      25
    clients/audit                        25
    unit/cluster/OwnershipHistory        20
    unit/history/Series                  20
    clients/check                        20
    bench/neighbours_smoke               20)
while(slow_tests)
  list(POP_FRONT slow_tests name seconds)
  set_tests_properties("${name}" PROPERTIES COST ${seconds})
endwhile()
