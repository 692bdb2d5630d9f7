#include "jetstream/record_reader.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace gridloom::journal {
namespace {

// Each has 256 KB at most.
constexpr std::size_t kMessages = 64;

}  // namespace

RecordReader::RecordReader(nats::JetStream& jet_stream, const nats::StreamConfig& config,
                           std::uint64_t from)
    : reader_(jet_stream, config, from) {}

Result<std::size_t> RecordReader::next(Millis at_most, const OnMessage& on_message) {
  return take(reader_.next(kMessages, at_most), on_message);
}

Result<std::size_t> RecordReader::get(std::uint64_t through, const OnMessage& on_message) {
  return take(reader_.get(kMessages, through), on_message);
}

Result<std::size_t> RecordReader::take(const Result<std::vector<nats::StoredMessage>>& messages,
                                       const OnMessage& on_message) {
  if (!messages) return std::unexpected(messages.error());
  std::size_t count = 0;
  for (const nats::StoredMessage& each : *messages) {
    ++count;
    const auto message = read_message(each.data);
    if (!message && message.error().code == ErrorCode::kMalformed) {
      return std::unexpected(message.error());
    }
    const auto records = message ? assembler_.add(*message) : std::unexpected(message.error());
    if (!records) {
      ++damaged_;
      spdlog::error("message {} of a slot's log is passed over: {}", each.sequence,
                    records.error().detail);
      continue;
    }
    if (!on_message(each.sequence, message->head, *records)) break;
  }
  return count;
}

}  // namespace gridloom::journal
