// The server's side of one HTTP/1.1 connection as bytes in, bytes out: keep-alive, pipelining,
// chunked bodies, HEAD, Expect, limits. Responses are sent in the order of the requests, one at a
// time; while one is being produced nothing more is read. A long response is streamed as it is
// produced: in chunks, or for an HTTP/1.0 client until the connection ends. Input that is not HTTP
// is answered with an error status and the connection ends. GET with an Upgrade at a path where the
// service has a WebSocket turns the connection into one; from then on the session only forwards
// calls.
//
// Requests are read by a RequestReader and answered through a ResponseSender: the state of the
// connection is theirs. One thread: the connection's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/request_reader.h"
#include "http/response_sender.h"
#include "http/service.h"
#include "http/trusted_proxies.h"
#include "http/web_socket.h"
#include "net/protocol.h"

namespace gridloom::http {

struct SessionLimits {
  std::size_t header_bytes = std::size_t{8} * 1024;
  std::size_t body_bytes = std::size_t{256} * 1024;
  std::size_t output_bytes = std::size_t{64} * 1024;  // produced ahead of what is sent
  Millis request_time{30'000};                        // from a request's first byte to its last
  Millis idle_time{120'000};                          // between requests
  WebSocketLimits web_socket{};
};

class Session final : public net::Protocol,
                      public Waiting,
                      public std::enable_shared_from_this<Session> {
 public:
  // The service and the proxies outlive the session. The requests of a connection of one of the
  // `proxies` come from the clients that it names.
  Session(net::ConnectionContext context, Service& service, const SessionLimits& limits,
          TimePoint now, const TrustedProxies* proxies = nullptr);

  void receive(std::string_view bytes, TimePoint now) override;
  [[nodiscard]] bool has_work() const override;
  void work() override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool has_output() const override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool resets() const override;
  [[nodiscard]] bool wants_input() const override;
  [[nodiscard]] std::int64_t account() const override;
  [[nodiscard]] std::size_t kept_bytes() const override;
  [[nodiscard]] bool busy() const override { return sender_.is_answering(); }
  void server_stops() override;
  void tick(TimePoint now) override;
  void peer_ends() override;
  void lost() override;
  [[nodiscard]] std::stop_token gone() override { return sender_.gone(); }
  void signed_by(std::int64_t account) override { account_ = account; }

 private:
  // Whether the requests that have been received may be handled.
  enum class Pipeline : std::uint8_t {
    kOpen,     // as they come
    kWorking,  // they are being handled: an immediate response must not begin the next one
    kFull      // they wait until the output is taken, which is at its limit
  };

  // Handles the requests that have been received, until one has to wait.
  void handle_requests();
  // True: a request was handled, or a WebSocket refused; the buffer may hold another one.
  [[nodiscard]] bool handle_one();
  // A stranger gets fewer bytes of a turn: nothing else bounds how often one asks.
  [[nodiscard]] bool is_full() const {
    return sender_.output_bytes() >= limits_.output_bytes / (account_ == 0 ? 4 : 1);
  }
  // Decides about the request whose head was read.
  void on_head();
  void on_request();
  void upgrade(const Upgrade& to);
  void respond(Response response);
  void refuse(const Refusal& refusal);

  net::ConnectionContext context_;  // its peer is the client of the current request
  RequestClient client_;
  Service& service_;
  SessionLimits limits_;
  RequestReader reader_;
  ResponseSender sender_;
  std::unique_ptr<WebSocket> web_socket_;
  Pipeline pipeline_ = Pipeline::kOpen;
  std::string user_;  // of the request that is being answered
  TimePoint now_;
  TimePoint since_;           // begin of the current request, or of idleness
  std::int64_t account_ = 0;  // that signed a request
};

}  // namespace gridloom::http
