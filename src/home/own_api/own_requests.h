// Requests of Gridloom's own API, /api/v1, on their way to its routes (own_api/v1/own_api.h) and to
// the live stream: who asks, by which credential, and whether it may ask now.
//
// A request is signed, or has a token or the cookie of a session; the answers differ in form
// (api/message/answer_form.h). Belongs to a loop.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "api/gate/gate.h"
#include "api/gate/signatures.h"
#include "api/message/answer_form.h"
#include "api/message/compression.h"
#include "base/loop.h"
#include "http/message.h"
#include "net/protocol.h"
#include "own_api/services/services.h"
#include "own_api/v1/own_api.h"

namespace gridloom::api {

class OwnRequests {
 public:
  // All of it outlives the object. The loop is where answers are delivered.
  OwnRequests(const Services& services, Gate& gate, Compression& compression, Loop& loop)
      : services_(services), gate_(gate), compression_(compression), own_(services, loop) {}

  // The request is not used after the return, `done` may be.
  void handle(const http::Request& request, ReplayCheck replay_check,
              Callback<http::Response> done) const;
  // The protocol of the live stream for a request that may open it, or the refusal. A token may
  // stand in Sec-WebSocket-Protocol too, as gridloom.token.TOKEN.
  [[nodiscard]] std::expected<std::shared_ptr<net::Protocol>, http::Response> open_live(
      const http::Request& request, net::ConnectionContext context) const;
  // The response to a request of these paths that the protocol refuses (http::Service::refusal).
  [[nodiscard]] static http::Response refusal(unsigned status, std::string_view why);

 private:
  enum class By : std::uint8_t { kSignature, kToken, kCookie };
  // A request that asks for a route, and by what.
  struct Asked {
    const http::Request& request;
    std::string credential;
    AnswerForm form;
    TimePoint now{};
    ReplayCheck replay_check = ReplayCheck::kOff;
    By by = By::kSignature;
  };
  struct Verified {
    Caller caller;
    wire::ReadParameters read;  // for a signature
  };
  [[nodiscard]] Asked asked_by(const http::Request& request, ReplayCheck replay_check) const;
  [[nodiscard]] Result<Verified> find_caller(const Asked& asked, const wire::SignedRequest& claim,
                                             const registry::Directory& directory) const;
  struct Parameters {
    wire::JsonObject query;  // of a signed request whose route has no body, also those of its body
    wire::JsonObject body;
  };
  [[nodiscard]] Result<Parameters> parameters_of(const OwnApi::Route& route, const Asked& asked,
                                                 const wire::SignedRequest& claim,
                                                 wire::ReadParameters read) const;
  // Adds to the response what every one has.
  [[nodiscard]] Callback<http::Response> sealed(const Asked& asked,
                                                Callback<http::Response> done) const;
  [[nodiscard]] Callback<http::Response> compressed(const http::Request& request,
                                                    registry::AccountId account,
                                                    Callback<http::Response> done) const;
  [[nodiscard]] std::expected<std::shared_ptr<net::Protocol>, http::Response> find_live(
      const http::Request& request, net::ConnectionContext context) const;
  // Answers a route that is for everybody, which has no caller yet.
  void handle_without_caller(const OwnApi::Route& route, const http::Request& request,
                             const AnswerForm& form, Callback<http::Response> done) const;

  const Services& services_;
  Gate& gate_;
  Compression& compression_;
  const OwnApi own_;
};

}  // namespace gridloom::api
