// Reads the messages of a stream in their order, each once, from a sequence on.
//
// It has a pull consumer at the server, which ends with its server or after some seconds without a
// read. A read cannot tell that from a stream without new messages, so after three reads that got
// nothing the consumer is made anew behind the last message. A server that lags may begin below
// what was asked for, or leave messages out: what was read before is dropped, and after a gap in
// the consumer's own numbers the rest is read again. get() does without: the stream's leader, which
// has all messages, is asked for one after the other.
//
// Calls block, and end in time. Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "nats/jet_stream.h"

namespace gridloom::nats {

class StreamReader {
 public:
  // `jet_stream` outlives it.
  StreamReader(JetStream& jet_stream, const StreamConfig& config, std::uint64_t from);
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;
  ~StreamReader();

  // The next messages, `most` at most; waits for the first of them up to `at_most`. Empty: none
  // came, which does not mean that there is none. Errors are those of JetStream: a later call goes
  // on where this one was.
  [[nodiscard]] Result<std::vector<StoredMessage>> next(std::size_t most, Millis at_most);
  // The next messages up to the one with the sequence `through`, `most` at most. Those that are not
  // there are passed over. Errors as for next().
  [[nodiscard]] Result<std::vector<StoredMessage>> get(std::size_t most, std::uint64_t through);
  // The next read has a new consumer, which may be at another server.
  void renew();
  // The sequence of the next message that is wanted.
  [[nodiscard]] std::uint64_t position() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gridloom::nats
