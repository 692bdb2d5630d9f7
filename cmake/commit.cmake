# Writes a source file with the commit of the sources, unless it is there already. Runs at each build:
#   cmake -D ROOT=... -D OUT=.../commit.cc -P cmake/commit.cmake
# An archive of the sources has the commit in cmake/commit.txt; otherwise git knows it. Where neither does, it is empty.
file(READ ${ROOT}/cmake/commit.txt id)
string(STRIP "${id}" id)
if(id MATCHES "^[0-9a-f]+$")
  string(SUBSTRING "${id}" 0 12 id)
else()
  set(id "")
  execute_process(COMMAND git -C ${ROOT} rev-parse --show-toplevel OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE
                  ERROR_QUIET RESULT_VARIABLE failed)
  # The sources may stand unpacked in a folder of another repository.
  if(failed STREQUAL "0" AND top STREQUAL ROOT)
    execute_process(COMMAND git -C ${ROOT} rev-parse --short=12 HEAD OUTPUT_VARIABLE id OUTPUT_STRIP_TRAILING_WHITESPACE
                    ERROR_QUIET)
    execute_process(COMMAND git -C ${ROOT} status --porcelain --untracked-files=no OUTPUT_VARIABLE changed ERROR_QUIET)
    if(id AND changed)
      string(APPEND id "+")
    endif()
  endif()
endif()
set(text "#include \"app/process/version.h\"\n\nstd::string_view gridloom::app::commit() { return \"${id}\"; }\n")
set(old "")
if(EXISTS ${OUT})
  file(READ ${OUT} old)
endif()
if(NOT text STREQUAL old)
  file(WRITE ${OUT} "${text}")
endif()
