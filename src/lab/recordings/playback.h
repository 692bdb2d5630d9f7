// Plays the devices of a transcript against a server. Each device sends its messages at the times
// in the transcript, and answers sets as recorded. The transcript's app actions are skipped.
//
// Thread rules: the devices live on the given loop; call all functions on that loop, or while it
// does not run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/family.h"
#include "client/stream.h"
#include "net/io_loop.h"
#include "transcripts/pattern.h"
#include "transcripts/script.h"

namespace gridloom::recordings {

// An action of a device, `at` after the beginning.
struct DeviceAction {
  enum class Kind : std::uint8_t { kConnect, kDrop, kSend };
  Millis at{0};
  Kind kind{};
  std::string verb{};
  std::string payload{};
};

// The recorded answer of a device to a set.
struct RecordedAnswer {
  transcripts::Pattern set;
  std::string set_text;  // source text of `set`
  Millis after{0};
  std::string payload;  // empty: the set was not answered; <id>: the set's id
};

struct DeviceScript {
  catalog::FamilyPtr family;
  std::string sn;
  std::vector<DeviceAction> actions{};
  std::vector<RecordedAnswer> answers{};
};

// kBadParams: the transcript has no device marked "real", or a device's message cannot be played.
[[nodiscard]] Result<std::vector<DeviceScript>> device_scripts(const transcripts::Script& script,
                                                               const catalog::Catalog& catalog);

class Playback {
 public:
  struct PlayedDevice {
    DeviceScript device;
    Secret key;
  };
  struct Options {
    client::Peer server;
    client::TlsClient tls{};  // null: no TLS
    net::IoLoop* loop = nullptr;
    double speed = 1;
  };
  Playback(Options options, std::vector<PlayedDevice> players);
  ~Playback();
  Playback(const Playback&) = delete;
  Playback& operator=(const Playback&) = delete;

  // Call once, on any thread. Transcript time advances only while all devices that should be online
  // are online.
  void start();
  // Call a few times a second.
  void tick();

  struct Counts {
    std::size_t devices = 0;
    std::size_t refused = 0;  // the server does not know the key
    std::size_t losses = 0;   // connections lost that the transcript does not drop
    std::uint64_t sent = 0;   // messages
    std::uint64_t acknowledged = 0;
    std::uint64_t sets = 0;      // received
    std::uint64_t answered = 0;  // the transcript has no answer to the other sets
    Millis played{0};
    bool is_over = false;    // every message is sent and acknowledged
    std::string last_error;  // why the last connection was lost or refused
  };
  [[nodiscard]] Counts counts() const;

 private:
  class Actor;
  class Alarm;

  [[nodiscard]] bool all_there() const;
  void play();

  Options options_;
  std::vector<char> buffer_;
  std::shared_ptr<Alarm> alarm_;
  std::vector<std::unique_ptr<Actor>> actors_;
  [[nodiscard]] Millis played() const { return Millis(static_cast<std::int64_t>(played_ms_)); }

  double played_ms_ = 0;           // in the transcript's time
  std::int64_t looked_at_ms_ = 0;  // of the steady clock, at the last play()
  bool started_ = false;
  Counts counts_;
};

}  // namespace gridloom::recordings
