// Any bytes are read as a record of a copy or refused; what is read is written back so that it is
// read the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "jetstream/slot_copy.h"

namespace {

namespace journal = gridloom::journal;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  const auto entry = journal::read_copy_entry(bytes);
  if (!entry) return 0;
  const std::string again = journal::make_copy_entry(*entry);
  const auto read = journal::read_copy_entry(again);
  require(read && *read == *entry);
  require(again.size() <= bytes.size());
  return 0;
}
