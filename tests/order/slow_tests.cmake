# Read by ctest: the tests that take longest, with their seconds on two cores. ctest starts them first, so that none of
# them is left to run alone at the end. Without this it knows only in a folder where the tests ran before. The figures
# need not be exact, and a name that no test has does no harm. Tests of which one runs at once are to begin first: else
# they end the run, and leave a core idle.
set(slow_tests
    cluster/faults                 400
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
    weeks/sim/1                     20
    weeks/sim/2                     20
    unit/history/1                 108
    unit/history/2                 103
    clients/mirror                  85
    unit/transcripts                81
    unit/app/2                      70
    unit/app/1                      69
    clients/database_faults         64
    clients/conversations_paho      52
    unit/mqtt/2                     52
    clients/mirror_day              51
    unit/registry/2                 50
    clients/terminal                49
    clients/burst                   49
    unit/journal/2                  47
    unit/registry/1                 47
    transcripts                     46
    unit/cluster/2                  41
    unit/journal/1                  40
    unit/mqtt/1                     38
    unit/hub/1                      37
    clients/crash                   36
    unit/cluster/1                  34
    clients/migrate                 33
    clients/full_disk               33
    clients/webhook                 32
    unit/api/1                      32
    unit/hub/2                      31
    clients/prometheus              31)
while(slow_tests)
  list(POP_FRONT slow_tests name seconds)
  set_tests_properties("${name}" PROPERTIES COST ${seconds})
endwhile()
