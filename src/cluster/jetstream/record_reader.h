// Reads the records of a slot's log from a message of its stream on.
//
// Calls block, and end in time. Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "jetstream/message.h"
#include "nats/jet_stream.h"
#include "nats/stream_reader.h"

namespace gridloom::journal {

class RecordReader {
 public:
  RecordReader(nats::JetStream& jet_stream, const nats::StreamConfig& config, std::uint64_t from);

  // The records are those that are complete with this message; views live as long as the call.
  // False: it has read enough.
  using OnMessage = std::function<bool(std::uint64_t sequence, const MessageHead& head,
                                       std::span<const Record> records)>;
  // Reads some messages, up to one of which `on_message` returns false; the reader is not to be
  // used again then. Returns how many it has read. Passes over messages that are none of a log, and
  // counts them. kMalformed: a message is of a later version. Other errors: try again.
  [[nodiscard]] Result<std::size_t> next(Millis at_most, const OnMessage& on_message);

  // The same from the stream's leader, up to the message `through` (StreamReader::get).
  [[nodiscard]] Result<std::size_t> get(std::uint64_t through, const OnMessage& on_message);

  void renew() { reader_.renew(); }

  // The sequence of the next message that is wanted.
  [[nodiscard]] std::uint64_t position() const { return reader_.position(); }
  [[nodiscard]] std::uint64_t damaged() const { return damaged_; }
  // Within `on_message` with records: the whole body of their write.
  [[nodiscard]] std::string_view body() const { return assembler_.body(); }

 private:
  [[nodiscard]] Result<std::size_t> take(const Result<std::vector<nats::StoredMessage>>& messages,
                                         const OnMessage& on_message);

  nats::StreamReader reader_;
  RecordAssembler assembler_;
  std::uint64_t damaged_ = 0;
};

}  // namespace gridloom::journal
