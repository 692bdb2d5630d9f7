// A blocking client of one HTTP/1.1 server, plain or TLS, for programs and bridges that have a
// thread of their own. It keeps its connection for the next read. One thread at a time; the stop
// token may be of any thread.
//
// With https the server's certificate is verified. A call is sent once, unless a kept connection
// turned out to be closed before a read (GET) was answered on it.
//
// Not here: HEAD, redirects, cookies, proxies, compressed bodies.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/http_request.h"
#include "client/http_session.h"
#include "net/stream.h"

namespace gridloom::client {

// One HTTP/1.1 connection with one request in flight: an HttpSession on a Stream. Its owner waits
// for the socket. No call blocks. One thread.
class HttpConnection {
 public:
  explicit HttpConnection(net::Stream stream, const HttpLimits& limits = {})
      : stream_(std::move(stream)), session_(limits) {}

  [[nodiscard]] int fd() const { return stream_.fd(); }

  // The response to the previous request must have arrived. kIo: the connection is gone.
  [[nodiscard]] Status ask(std::string_view request);
  // The socket became readable or writable; `buffer` is scratch for reading. Returns the response
  // if it is complete: valid until the next call with this `buffer`. kIo: the connection is gone;
  // kMalformed: it did not answer as HTTP/1.1 does.
  [[nodiscard]] Result<std::optional<HttpResponse>> on_ready(std::span<char> buffer);

 private:
  [[nodiscard]] Status flush();

  net::Stream stream_;
  HttpSession session_;
};

// Views are valid until the call returns.
struct HttpCall {
  std::string_view method = "GET";
  std::string target = "/";  // path and query, percent-encoded: query_text()
  std::vector<HttpHeader> headers{};
  std::string_view body{};          // empty: none
  std::string_view content_type{};  // of a body; empty: the header is left out
};

struct HttpReply {
  unsigned status = 0;
  std::string body{};
  std::optional<Millis> retry_after{};  // how long the server asks to wait, from now on
};

class HttpClient {
 public:
  struct Options {
    std::string server{};        // "https://host", "http://127.0.0.1:8086"
    std::filesystem::path ca{};  // file of trusted certificates; empty: the system's
    std::string ca_option{};     // what errors call `ca`, as in "--ca FILE"; empty: they do not
    Millis patience{15'000};     // for a whole call
    std::size_t max_body_bytes = HttpLimits{}.body_bytes;  // of a reply
    // Once a stop is requested, calls end within 250 ms.
    std::stop_token stop{};
  };
  // Does not connect yet. kBadParams: the server's address; kIo: the certificates.
  [[nodiscard]] static Result<HttpClient> open(const Options& options);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  // Any status is a reply, not an error. kBadParams: the call cannot be sent as it is (check() in
  // http_request.h); kNotFound: the name of the server cannot be resolved; kIo: the server cannot
  // be reached, is not trusted or does not answer in time, or the client is stopped; kMalformed: it
  // does not answer as HTTP/1.1 does.
  [[nodiscard]] Result<HttpReply> ask(const HttpCall& call);
  // The same for calls of which no two may be alike, because of a nonce: `make` is called for each
  // attempt. Its error is returned.
  [[nodiscard]] Result<HttpReply> ask_made(const std::function<Result<HttpCall>()>& make);
  // Whether the server can be reached and is trusted: connects, sends nothing, and disconnects. The
  // errors are those of ask().
  [[nodiscard]] Status reach();

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::client
