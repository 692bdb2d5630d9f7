#include "client/api_client.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>

#include "base/printable.h"
#include "client/api_reply.h"
#include "client/http_connection.h"
#include "client/http_request.h"
#include "client/poller.h"
#include "client/stream.h"
#include "net/stream.h"
#include "wire/keyed_mac.h"
#include "wire/signing.h"

namespace gridloom::client {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;
using Steady = std::chrono::steady_clock;

constexpr std::string_view kList = "/iot-open/sign/device/list";
constexpr std::string_view kQuota = "/iot-open/sign/device/quota";
constexpr std::string_view kQuotaAll = "/iot-open/sign/device/quota/all";
constexpr std::string_view kCertification = "/iot-open/sign/certification";
constexpr std::size_t kBuffer = std::size_t{64} * 1024;  // bytes

// How long a step of a request may still take.
class Deadline {
 public:
  explicit Deadline(Millis patience) : at_(Steady::now() + patience) {}
  [[nodiscard]] int left_ms() const {
    const auto left = std::chrono::ceil<Millis>(at_ - Steady::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
  }

 private:
  Steady::time_point at_;
};

struct Reply {
  unsigned status = 0;
  std::string body;
};

enum class Credential : std::uint8_t { kSignature, kAdminToken };

// A connection that may be used for several requests. Pollers are edge-triggered, so that waiting
// for a response does not spin while the socket is writable.
struct Line {
  explicit Line(net::Stream stream) : connection(std::move(stream)) {}
  HttpConnection connection;
  Poller poller;
};

using PollEvents = decltype(pollfd::events);

Status wait_for(int fd, PollEvents events, const Deadline& deadline, std::string_view peer) {
  pollfd ready{.fd = fd, .events = events, .revents = 0};
  if (::poll(&ready, 1, deadline.left_ms()) > 0) return {};
  return fail(ErrorCode::kIo, fmt::format("{} did not answer in time", peer));
}

Error unverified(const ssl_st* tls, std::string_view peer) {
  const auto result = SSL_get_verify_result(tls);
  if (result == X509_V_OK) {
    return {.code = ErrorCode::kIo,
            .detail = fmt::format("{} does not speak TLS as this program does", peer)};
  }
  return {.code = ErrorCode::kIo,
          .detail = fmt::format("the certificate of {} is not trusted: {}; --ca FILE names the "
                                "authority of a server of your own",
                                peer, X509_verify_cert_error_string(result))};
}

Result<net::Stream> connected(const Peer& peer, const TlsClient& tls, const Deadline& deadline,
                              const std::string& name) {
  auto stream = connect(peer, tls, ConnectMode::kNonBlocking);
  if (!stream) return stream;
  if (Status open = wait_for(stream->fd(), POLLOUT, deadline, name); !open) {
    return std::unexpected(open.error());
  }
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(stream->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", name, system_message(error)));
  }
  while (tls) {
    const auto [bytes, state] = stream->do_handshake();
    if (state != net::Stream::State::kOpen) return std::unexpected(unverified(stream->tls(), name));
    if (bytes != 0) break;
    if (Status more = wait_for(stream->fd(), POLLIN, deadline, name); !more) {
      return std::unexpected(more.error());
    }
  }
  return stream;
}

std::string nonce() {
  std::random_device device;
  return std::to_string(std::uniform_int_distribution(100'000, 999'999)(device));
}

std::string plain_text_in(const Json& object, std::string_view key) {
  const Json* value = wire::member(object, key);
  return value == nullptr ? std::string() : wire::plain_text(*value);
}

std::unexpected<Error> unexpected_data(std::string_view what) {
  return fail(ErrorCode::kMalformed,
              fmt::format("the data of the server's answer are not {}", what));
}

std::string target_of(std::string_view path, const ApiClient::Query& query) {
  std::string target(path);
  for (const auto& [name, value] : query) {
    target += target.contains('?') ? '&' : '?';
    target += query_text(name) + '=' + query_text(value);
  }
  return target;
}

std::string history_path(std::string_view sn) {
  return fmt::format("{}devices/{}/history", wire::kOwnPaths, query_text(sn));
}

Result<JsonObject> object_in(Result<Json> data) {
  if (!data) return std::unexpected(std::move(data.error()));
  if (data->is_null()) return JsonObject();
  if (!data->is_object()) return unexpected_data("an object");
  return std::move(data->get_object());
}

}  // namespace

struct ApiClient::Impl {
  ApiOptions options;
  ApiAddress address;
  TlsClient tls;
  wire::KeyedMac mac;
  std::unique_ptr<Line> line{};  // null: the next request connects

  Status open_line(const Deadline& deadline) {
    const auto peer = find_peer(address.host_port());
    if (!peer) return std::unexpected(peer.error());
    auto stream = connected(*peer, tls, deadline, address.host_port());
    if (!stream) return std::unexpected(stream.error());
    line = std::make_unique<Line>(std::move(*stream));
    return line->poller.add(line->connection.fd(), 0);
  }

  Result<Reply> exchange(std::string_view bytes, const Deadline& deadline) {
    if (Status sent = line->connection.ask(bytes); !sent) return std::unexpected(sent.error());
    std::array<char, kBuffer> buffer{};
    for (;;) {
      if (line->poller.wait(deadline.left_ms()).empty()) {
        return fail(ErrorCode::kIo, fmt::format("{} did not answer in time", address.host_port()));
      }
      const auto response = line->connection.on_ready(buffer);
      if (!response) return std::unexpected(response.error());
      if (!*response) continue;
      Reply reply{.status = (*response)->status, .body = std::string((*response)->body)};
      if (!(*response)->keeps_alive) line.reset();
      return reply;
    }
  }

  Result<std::string> bytes_of(HttpRequest request, Credential credential) {
    const std::string host = address.host_header();
    request.host = host;
    if (credential == Credential::kAdminToken) {
      return encode_with_token(request, options.admin_token.reveal());
    }
    const std::string number = nonce();
    const std::string timestamp = std::to_string(unix_ms(SystemClock().now()));
    Signature signature{.access_key = options.access_key, .nonce = number, .timestamp = timestamp};
    const auto sign = client::sign(request, signature, mac);
    if (!sign) return std::unexpected(sign.error());
    signature.sign = *sign;
    return encode(request, signature);
  }

  Result<Reply> send(const HttpRequest& request, Credential credential = Credential::kSignature) {
    const Deadline deadline(options.patience);
    // Only a read is sent again: a set on a connection that breaks may have been carried out.
    const bool is_read = request.method == "GET";
    const bool is_kept = line != nullptr && is_read;
    if (!is_kept) line.reset();
    auto bytes = bytes_of(request, credential);
    if (!bytes) return std::unexpected(bytes.error());
    if (is_kept) {
      if (auto reply = exchange(*bytes, deadline)) return reply;
      bytes = bytes_of(request, credential);  // a nonce is for one request
      if (!bytes) return std::unexpected(bytes.error());
    }
    if (Status opened = open_line(deadline); !opened) return std::unexpected(opened.error());
    auto reply = exchange(*bytes, deadline);
    if (!reply) line.reset();
    return reply;
  }
};

ApiClient::ApiClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiClient::ApiClient(ApiClient&&) noexcept = default;
ApiClient& ApiClient::operator=(ApiClient&&) noexcept = default;
ApiClient::~ApiClient() = default;

Result<ApiClient> ApiClient::open(const ApiOptions& options) {
  auto address = parse_api_address(options.server);
  if (!address) return std::unexpected(address.error());
  TlsClient tls;
  if (address->secure) {
    auto context = options.ca.empty() ? tls_client_of_system() : tls_client(options.ca);
    if (!context) return std::unexpected(context.error());
    tls = std::move(*context);
  }
  auto mac = wire::KeyedMac::make(options.secret_key);
  if (!mac) return std::unexpected(mac.error());
  return ApiClient(
      std::make_unique<Impl>(options, std::move(*address), std::move(tls), std::move(*mac)));
}

Result<Json> ApiClient::call(std::string_view method, std::string_view path, const Query& query,
                             std::string_view body) {
  const std::string target = target_of(path, query);
  const auto reply = impl_->send({.method = method, .target = target, .host = {}, .body = body});
  if (!reply) return std::unexpected(reply.error());
  return data_of_reply(reply->status, reply->body);
}

Result<std::vector<ListedDevice>> ApiClient::devices() {
  const auto data = call("GET", kList);
  if (!data) return std::unexpected(data.error());
  if (!data->is_array()) return unexpected_data("a list of devices");
  std::vector<ListedDevice> devices;
  for (const Json& row : data->get_array()) {
    const std::string online = plain_text_in(row, "online");
    devices.push_back({.sn = plain_text_in(row, "sn"),
                       .name = plain_text_in(row, "deviceName"),
                       .product = plain_text_in(row, "productName"),
                       .online = online == "1" || online == "true"});
  }
  return devices;
}

Result<Json> ApiClient::administer(std::string_view operation, const JsonObject& parameters) {
  if (impl_->options.admin_token.empty()) {
    return fail(ErrorCode::kNoPermission, "administration needs a token with the scope admin");
  }
  const std::string target = fmt::format("{}admin/{}", wire::kOwnPaths, operation);
  const std::string body = wire::to_text(parameters);
  const auto reply = impl_->send({.method = "POST", .target = target, .host = {}, .body = body},
                                 Credential::kAdminToken);
  if (!reply) return std::unexpected(reply.error());
  return answer_to_token(reply->status, reply->body);
}

Result<JsonObject> ApiClient::quota_all(std::string_view sn) {
  return object_in(call("GET", kQuotaAll, {{"sn", std::string(sn)}}));
}

Result<JsonObject> ApiClient::quotas(std::string_view sn, std::span<const std::string> names) {
  const JsonObject params{{"quotas", JsonArray(names.begin(), names.end())}};
  const std::string body = wire::to_text(JsonObject{{"sn", sn}, {"params", params}});
  return object_in(call("POST", kQuota, {}, body));
}

Result<Json> ApiClient::set(std::string_view sn, JsonObject message) {
  message["sn"] = sn;
  return call("PUT", kQuota, {}, wire::to_text(message));
}

Result<MqttAccess> ApiClient::certification() {
  auto data = object_in(call("GET", kCertification));
  if (!data) return std::unexpected(data.error());
  const Json object(std::move(*data));
  return MqttAccess{.user = plain_text_in(object, "certificateAccount"),
                    .password = Secret(plain_text_in(object, "certificatePassword")),
                    .host = plain_text_in(object, "url"),
                    .port = plain_text_in(object, "port"),
                    .secure = plain_text_in(object, "protocol") != "mqtt"};
}

Result<Json> ApiClient::energy(std::string_view sn, const Query& query) {
  return call("GET", fmt::format("{}devices/{}/energy", wire::kOwnPaths, query_text(sn)), query);
}

Result<Json> ApiClient::history(std::string_view sn, const Query& query) {
  return call("GET", history_path(sn), query);
}

Result<std::string> ApiClient::history_csv(std::string_view sn, Query query) {
  query.emplace_back("format", "csv");
  auto reply = impl_->send(
      {.method = "GET", .target = target_of(history_path(sn), query), .host = {}, .body = {}});
  if (!reply) return std::unexpected(reply.error());
  constexpr unsigned kOk = 200;
  const bool is_table = reply->status == kOk && !reply->body.starts_with('{');
  if (is_table) return std::move(reply->body);
  const auto refused = data_of_reply(reply->status, reply->body);
  return refused ? unexpected_data("a table") : std::unexpected(refused.error());
}

}  // namespace gridloom::client
