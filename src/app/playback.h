// The devices of a transcript, played against a server: they say what the transcript has them say,
// when it says so, and answer sets as they did there. What apps do in it is left out.
//
// Thread rules: the devices live on the loop given; functions are called there, or while it does
// not run.
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

namespace gridloom::app {

// What a device does, `at` after the beginning.
struct Cue {
  enum class What : std::uint8_t { kConnect, kDrop, kSend };
  Millis at{0};
  What what{};
  std::string verb{};
  std::string payload{};
};

// How it answers a set.
struct RecordedAnswer {
  transcripts::Pattern set;
  std::string set_text;  // of that pattern
  Millis after{0};
  std::string payload;  // "" of one that it did not answer; <id>: the set's
};

struct Part {
  catalog::FamilyPtr family;
  std::string sn;
  std::vector<Cue> cues{};
  std::vector<RecordedAnswer> answers{};
};

// kBadParams: there is no device in it that is "real", or what one says cannot be played.
[[nodiscard]] Result<std::vector<Part>> parts_of(const transcripts::Script& script,
                                                 const catalog::Catalog& catalog);

class Playback {
 public:
  struct Player {
    Part part;
    Secret key;
  };
  struct Options {
    client::Peer server;
    client::TlsClient tls{};  // null: plain
    net::IoLoop* loop = nullptr;
    double speed = 1;
  };
  Playback(Options options, std::vector<Player> players);
  ~Playback();
  Playback(const Playback&) = delete;
  Playback& operator=(const Playback&) = delete;

  // Once, on any thread. Time runs while all that ought to be online are.
  void start();
  // A few times a second.
  void tick();

  struct Counts {
    std::size_t devices = 0;
    std::size_t refused = 0;  // the server knows no such key
    std::size_t losses = 0;   // of connections that the transcript does not end
    std::uint64_t sent = 0;   // messages
    std::uint64_t acknowledged = 0;
    std::uint64_t sets = 0;      // that came
    std::uint64_t answered = 0;  // of those; to the others the transcript has no answer
    Millis played{0};
    bool is_over = false;  // everything is said and acknowledged
    std::string trouble;   // why a connection was lost last, or did not come about
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

  double played_ms_ = 0;           // of the transcript's time
  std::int64_t looked_at_ms_ = 0;  // of the steady clock
  bool started_ = false;
  Counts counts_;
};

}  // namespace gridloom::app
