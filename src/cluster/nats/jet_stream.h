// JetStream, as far as a log needs it: a stream with a declared configuration, messages that are
// appended after an expected one, and reads of them. StreamReader reads many.
//
// Every call blocks its thread, which is never one that serves connections or delivers messages,
// and ends in time: a few calls of the server, each of which takes at most `Options::wait`.
// Errors: kOffline: the connection is down, or JetStream has no leader: try again after a pause.
// kNoAnswer: none came in time; what was asked for may be done or not. kNotFound: the stream or the
// message is not there. kConflict: the stream's last message is not the one expected. kIo:
// anything else, in the server's words.
//
// Thread rule: any function from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "nats/connection.h"

namespace gridloom::nats {

// A stream of files that refuses new messages when it is full, and forgets none by itself.
struct StreamConfig {
  std::string name{};
  std::string subject{};
  int replicas = 3;
  std::int64_t max_bytes = 0;
  // How long the id of a message is remembered.
  Millis duplicate_window{120'000};
};

// One member of a stream's configuration that is not as declared.
struct Difference {
  std::string member;  // as NATS calls it: "max_bytes"
  std::string declared;
  std::string found;
  friend bool operator==(const Difference&, const Difference&) = default;
};

struct StreamState {
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;  // 0: there never was a message
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  TimePoint created{};
};

struct StoredMessage {
  std::uint64_t sequence = 0;
  std::string data;
};

class JetStream {
 public:
  struct Options {
    Millis wait{2'000};
  };
  // `connection` outlives it.
  [[nodiscard]] static Result<JetStream> open(Connection& connection, const Options& options);
  JetStream(JetStream&& other) noexcept;
  JetStream& operator=(JetStream&& other) noexcept;
  ~JetStream();

  // Makes the stream unless it is there. Returns in what a stream that is there differs; it is not
  // changed.
  [[nodiscard]] Result<std::vector<Difference>> ensure_stream(const StreamConfig& config);

  struct Expectation {
    // The sequence of the stream's last message. 0: nothing is expected, also of an empty stream.
    std::uint64_t last_sequence = 0;
    // A message whose id the stream knows is not stored again.
    std::string_view id{};
  };
  struct Stored {
    std::uint64_t sequence = 0;
    bool is_duplicate = false;
  };
  // Returns once a majority of the replicas has the message. Any error but kConflict leaves open
  // whether it is, or will be, stored; and so does kConflict if the message was sent before.
  [[nodiscard]] Result<Stored> publish(const std::string& subject, std::string_view data,
                                       const Expectation& expectation);

  [[nodiscard]] Result<StoredMessage> last_message(const StreamConfig& config);
  [[nodiscard]] Result<StoredMessage> message(const StreamConfig& config, std::uint64_t sequence);
  [[nodiscard]] Result<StreamState> state(const StreamConfig& config);
  // Removes all messages before this one.
  [[nodiscard]] Status purge(const StreamConfig& config, std::uint64_t before);

 private:
  friend class StreamReader;
  struct State;
  explicit JetStream(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace gridloom::nats
