// The reading side of an HTTP/1.1 session: bytes in, one request after the other out. Bytes that
// are not HTTP, or could be read in two ways, are a Refusal, and the connection has to end.
//
// Belongs to the session's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/body_reader.h"
#include "http/head.h"
#include "http/message.h"
#include "http/service.h"

namespace gridloom::http {

// A request whose head has been read. Its texts and lists keep their memory for the next request.
// Most requests come in one piece and are handled at once, so one per thread does, and a connection
// that is idle has none.
struct PartialRequest {
  Head head;  // its views are valid until more is received
  std::size_t head_bytes = 0;
  Request request;
  std::optional<BodyReader> body;
  bool expects_continue = false;

  // An unused one of this thread, or a new one.
  [[nodiscard]] static std::unique_ptr<PartialRequest> take();
  static void keep_for_next(std::unique_ptr<PartialRequest> partial);
};

class RequestReader {
 public:
  struct Limits {
    std::size_t header_bytes = 0;
    std::size_t body_bytes = 0;
  };
  // The service outlives the reader.
  RequestReader(const Service& service, const Limits& limits)
      : service_(service), limits_(limits) {}

  enum class State : std::uint8_t {
    kBetween,   // no byte of the next request has come
    kHead,      // its first byte has come, the end of its head has not
    kHeadRead,  // its head is there, and somebody has to decide about its body
    kBody       // its body is being read
  };
  [[nodiscard]] State state() const { return state_; }

  void receive(std::string_view bytes) { in_ += bytes; }

  // kBetween to kHead. False: there is no byte of a request yet.
  [[nodiscard]] bool begin();
  // In kHead. True: the head is complete and valid, which is kHeadRead.
  [[nodiscard]] std::expected<bool, Refusal> read_head();
  // From kHeadRead until the request is taken. The request has no body yet, and nothing about its
  // connection.
  [[nodiscard]] const Head& head() const { return partial_->head; }
  [[nodiscard]] Request& request() { return partial_->request; }
  [[nodiscard]] bool has_body() const { return head().chunked || head().length.value_or(0) != 0; }
  // kHeadRead to kBody. `most` is what the service says, which may be 0.
  void begin_body(std::size_t most);
  // In kBody. True: the request is whole.
  [[nodiscard]] std::expected<bool, Refusal> read_body();
  // The path of the request that is being read, as much of it as has come and before its head was
  // checked; empty: none.
  [[nodiscard]] std::string_view path_so_far() const;
  // True, once: the client waits for 100 Continue.
  [[nodiscard]] bool take_expectation();
  // The whole request; kBody to kBetween.
  [[nodiscard]] std::unique_ptr<PartialRequest> take();
  // kHeadRead to kBetween: the request is about the connection, and its body is not read.
  void leave_body();

  // Forgets the bytes that were read: once for all requests of a turn, because each time moves all
  // bytes after them.
  void drop_read_bytes();
  [[nodiscard]] bool has_bytes() const { return !in_.empty(); }
  // The bytes behind the last request, for another protocol.
  [[nodiscard]] std::string take_bytes();
  [[nodiscard]] std::size_t kept_bytes() const;

 private:
  [[nodiscard]] std::string_view unread() const { return std::string_view(in_).substr(taken_); }
  // Overwrites all of the request, which may be that of another client, with what the head says.
  void set_request(Request& request, const Head& head) const;

  const Service& service_;
  const Limits limits_;
  State state_ = State::kBetween;
  std::string in_;
  std::size_t taken_ = 0;     // consumed bytes at the front of in_
  std::size_t searched_ = 0;  // bytes after those that are known to hold no end of a head
  bool line_good_ = false;    // the first line of the current head was checked
  std::unique_ptr<PartialRequest> partial_;
};

}  // namespace gridloom::http
