// Any bytes are read as a message or refused, and so are its records; what is read is written back
// the same. With a good checksum at the end the bytes reach what is behind it.
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "jetstream/message.h"

namespace {

namespace journal = gridloom::journal;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view bytes) {
  const auto message = journal::read_message(bytes);
  if (!message) return;
  const std::string again = journal::make_message(message->head, message->body);
  const auto read = journal::read_message(again);
  require(read && read->head == message->head && read->body == message->body);
  journal::RecordAssembler assembler;
  const auto records = assembler.add(*message);
  if (!records || records->empty()) return;
  require(records->size() == message->head.count);
  journal::RecordAssembler second;
  const std::string body = journal::make_body(*records);
  const auto same = second.add({.head = message->head, .body = body});
  require(same && same->size() == records->size());
  for (std::size_t i = 0; i < records->size(); ++i) {
    const journal::Record& a = (*records)[i];
    const journal::Record& b = (*same)[i];
    require(a.sequence == b.sequence && a.kind == b.kind && a.payload == b.payload);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  check(bytes);
  std::string summed = bytes;
  gridloom::append_fixed64(summed, XXH3_64bits(bytes.data(), bytes.size()));
  check(summed);
  return 0;
}
