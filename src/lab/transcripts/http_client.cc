#include "transcripts/http_client.h"

#include "wire/keyed_mac.h"

namespace gridloom::transcripts {
namespace {

constexpr std::string_view kHost = "localhost:8443";
constexpr std::string_view kNonce = "345164";

std::string signed_bytes(const client::HttpRequest& request, const registry::AccessKey& key,
                         TimePoint now) {
  const std::string timestamp = std::to_string(unix_ms(now));
  client::Signature signature{
      .access_key = key.access_key, .nonce = kNonce, .timestamp = timestamp};
  auto mac = wire::KeyedMac::make(key.secret_key);
  // A request that cannot be signed (not JSON, for example) is sent unsigned; the transcript sees
  // the answer.
  const std::string sign = mac ? client::sign(request, signature, *mac).value_or("0") : "0";
  signature.sign = sign;
  return client::encode(request, signature);
}

}  // namespace

HttpCall::HttpCall(TestServer& server, client::HttpRequest request, const registry::AccessKey& key)
    : ClientEnd(server) {
  request.host = kHost;
  connect(Interface::kHttp);
  session_.ask(signed_bytes(request, key, server.clock().now()));
  send(session_.output());
}

void HttpCall::received(std::string_view bytes) {
  const auto response = session_.receive(bytes);
  if (!response || !*response) return;
  answer_ = {.status = std::to_string((*response)->status), .body = std::string((*response)->body)};
}

}  // namespace gridloom::transcripts
