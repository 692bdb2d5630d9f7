// Any bytes are read as a list of events or refused, and what is read is written back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "journal/device_event.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gridloom::journal;
  const std::string bytes(data, data + size);
  const auto events = read_events(bytes);
  if (!events) return 0;
  const auto again = read_events(make_events(*events));
  if (!again || *again != *events) std::abort();
  return 0;
}
