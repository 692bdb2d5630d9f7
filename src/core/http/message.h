// An HTTP request and its response, as the session exchanges them with the handler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "base/shared_text.h"

namespace gridloom::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };
// The name as requests write it; "OTHER" for kOther.
[[nodiscard]] std::string_view name_of(Method method);

// The connection that waits for a response.
class Waiting {
 public:
  Waiting() = default;
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  virtual ~Waiting() = default;
  // Stops once nobody waits for the response to the current request, or for its rest: work for it
  // may be dropped. A handler that asks for this token accepts that a client that closes its
  // sending side counts as gone. On the session's loop.
  [[nodiscard]] virtual std::stop_token gone() = 0;
  // The request's signature has been verified: from now on the connection belongs to an account.
  virtual void signed_by(std::int64_t account) = 0;
};

// How a header is read that a service wants.
enum class HeaderForm : std::uint8_t {
  kOnce,   // decides what a request means: a request that has it twice is refused
  kFirst,  // the first value
  kList    // all values, joined by commas
};

struct WantedHeader {
  std::string_view name;
  HeaderForm form = HeaderForm::kFirst;
};

// Values of wanted headers, by their index in the service's list (Service::headers). A header that
// is missing, or was not read, is empty. The texts keep their memory for the next request.
class HeaderValues {
 public:
  [[nodiscard]] const std::string& operator[](std::size_t index) const {
    return index < values_.size() ? values_[index] : none();
  }
  // Grows up to the index.
  [[nodiscard]] std::string& operator[](std::size_t index);
  // From now on there are `count` values; those that were there before stay.
  void resize(std::size_t count) { values_.resize(count); }

 private:
  [[nodiscard]] static const std::string& none();

  std::vector<std::string> values_;
};

// A limit of a body's bytes that leaves it to the session's own.
inline constexpr std::size_t kAnyBody = std::numeric_limits<std::size_t>::max();

struct Request {
  Method method = Method::kGet;
  std::string path;   // with a doubled slash at its start reduced to one (quirk 7)
  std::string query;  // as sent, after the '?'; empty for a lone '?'
  std::string content_type;
  std::string host;           // without the port
  std::string authorization;  // a secret: not for logs
  HeaderValues headers{};     // that the service wants; some are secrets
  std::string body;
  bool secure = false;
  std::weak_ptr<Waiting> waiting{};  // may be empty
  std::string peer;                  // the client's address
};

// A body that is produced while it is sent: the next piece is requested when the previous one has
// been sent, so a client that reads slowly costs the memory of one piece, and no thread waits for
// it.
class BodySource {
 public:
  BodySource() = default;
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;
  virtual ~BodySource() = default;

  enum class Then : std::uint8_t {
    kMore,
    kLater,  // nothing available now: ask again after a while
    kEnd,
    kFailed  // the rest cannot be produced: the connection is broken to tell the client
  };
  struct Piece {
    std::string bytes;
    Then then = Then::kEnd;
  };
  // Call on the session's loop, one call at a time; `done` is called there, at once or later,
  // unless the source is destroyed before.
  virtual void next(Callback<Piece> done) = 0;
};

// How the connection ends instead of a response, for an injected fault.
enum class Ending : std::uint8_t { kNone, kClosed, kReset };

struct Response {
  unsigned status = 200;
  std::string_view content_type = "application/json";  // a literal
  std::string body{};
  // Sent in the middle of `body`, in front of its byte `data_at`: a text that responses share. It
  // is copied once, when it goes into the output of the connection. Empty if `rest` is set.
  SharedText data{};
  std::size_t data_at = 0;
  std::vector<std::pair<std::string_view, std::string>> headers{};  // additional headers
  std::shared_ptr<BodySource> rest{};  // the stream after `body`; null: none
  Ending ending = Ending::kNone;
  // For the log, if the response is a refusal: the code in the body, and the reason. Empty: no
  // refusal.
  std::string code{};
  std::string why{};
};

[[nodiscard]] std::string_view reason_phrase(unsigned status);

// `body` with the data in it.
[[nodiscard]] std::string whole_body(const Response& response);

}  // namespace gridloom::http
