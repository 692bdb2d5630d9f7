// One HTTP request and its answer, as the session hands them to whoever answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"

namespace gridloom::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };
// As requests write it; "OTHER" for kOther.
[[nodiscard]] std::string_view name_of(Method method);

// Who waits for an answer.
class Waiting {
 public:
  Waiting() = default;
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  virtual ~Waiting() = default;
  // Stops once nobody waits for the answer to the request that is being handled, or for its rest:
  // work for it may be dropped. Who asks for it agrees that a client that ends its half of the
  // connection has gone. On the session's loop.
  [[nodiscard]] virtual std::stop_token gone() = 0;
  // The request's signature is good: the connection is an account's from now on.
  virtual void signed_by(std::int64_t account) = 0;
};

struct Request {
  Method method = Method::kGet;
  std::string path;   // "/iot-open/...", a doubled slash at its start made one (quirk 7)
  std::string query;  // as sent, after the '?'; a lone '?' is none
  std::string content_type;
  std::string host;  // without the port
  std::string access_key;
  std::string nonce;
  std::string timestamp;
  std::string sign;
  std::string body;
  bool secure = false;
  std::weak_ptr<Waiting> waiting{};  // may be empty
  std::string peer;                  // its address
  bool guarded = false;              // replays are refused: it came from beyond this machine
};

// The part of a body that is made while it is sent: a piece is asked for when the one before has
// left, so a client that reads slowly costs one piece of memory and nobody's time.
class BodySource {
 public:
  BodySource() = default;
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;
  virtual ~BodySource() = default;

  enum class Then : std::uint8_t {
    kMore,
    kLater,  // nothing can be made now: ask again after a while
    kEnd,
    kFailed  // the rest cannot be made: the connection breaks, so that the client can tell
  };
  struct Piece {
    std::string bytes;
    Then then = Then::kEnd;
  };
  // On the session's loop; `done` is called there, at once or later, unless the source ends before.
  // One at a time.
  virtual void next(Done<Piece> done) = 0;
};

// What becomes of the connection instead of an answer, where a fault was asked for.
enum class Ending : std::uint8_t { kNone, kClosed, kReset };

// A large body is made with so much more capacity: its head then goes in front of it, and it is
// sent from where it is.
inline constexpr std::size_t kRoomForHead = 256;

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string_view, std::string>> headers{};  // further ones
  std::shared_ptr<BodySource> rest{};  // what comes behind `body`; null: nothing
  Ending ending = Ending::kNone;
  // For the log, if the answer is a refusal: the code in the body, and why. Empty: it is none.
  std::string code{};
  std::string why{};
};

[[nodiscard]] std::string_view reason_phrase(unsigned status);

}  // namespace gridloom::http
