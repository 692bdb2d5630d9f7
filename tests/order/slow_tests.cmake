# Read by ctest: the tests that take longest, with their seconds on two cores. ctest starts them first, so that none of
# them is left to run alone at the end. Without this it knows only in a folder where the tests ran before. The figures
# need not be exact, and a name that no test has does no harm. Tests of which one runs at once are to begin first: else
# they end the run, and leave a core idle.
set(slow_tests
    cluster/faults                 400
    cluster/bridges                400
    cluster/connect                400
    cluster/clients_conversations  400
    cluster/clients_mqtt           400
    cluster/copies                 400
    cluster/run                    400
    cluster/status                 400
    cluster/first                  400
    cluster/clients_mixed          400
    cluster/guide                  400
    browser/home_pages             300
    browser/demo_home              300
    browser/no_device              300
    browser/one_device             300
    browser/many_devices           300
    browser/device_page            300
    browser/dashboard              300
    browser/outcomes               300
    browser/families               300
    browser/embed                  300
    browser/settings               300
    browser/shared_device          300
    unit/history/1                  80
    unit/history/2                  64
    unit/transcripts                55
    clients/mirror                  49
    unit/mqtt/2                     48
    clients/database_faults         42
    clients/conversations_paho      37
    clients/influx                  36
    clients/crash_sequences         36
    unit/registry/2                 35
    clients/command_line            34
    clients/burst                   27
    clients/mirror_day              27
    unit/sim/2                      26
    clients/terminal                25
    unit/journal/2                  24
    unit/registry/1                 24
    unit/hub/1                      23
    unit/journal/1                  23
    unit/app/1                      22
    clients/migrate                 19
    unit/cluster/2                  19
    unit/mqtt/1                     19
    unit/app/2                      18
    clients/full_disk               18
    transcripts                     17
    unit/api/1                      17
    unit/hub/2                      16
    clients/webhook                 16
    clients/nut                     14
    clients/prometheus              14
    unit/api/2                      14
    unit/cluster/1                  14
    unit/sim/1                      14
    clients/hostile                 13
    weeks/sim/1                     13
    bench/neighbours_smoke          12
    postgres/history                12
    clients/node_red_packages       11
    scenarios/seed_1                11)
while(slow_tests)
  list(POP_FRONT slow_tests name seconds)
  set_tests_properties("${name}" PROPERTIES COST ${seconds})
endwhile()
