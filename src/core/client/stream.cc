#include "client/stream.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/read_file.h"

namespace gridloom::client {
namespace {

constexpr std::size_t kMaxCertificates = std::size_t{16} * 1024 * 1024;  // bytes
constexpr std::int64_t kLongestWait_ms = 60'000;

Status check_name_of_peer(ssl_st* tls, const std::string& name) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(tls);
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) == 1) return {};
  if (X509_VERIFY_PARAM_set1_host(expected, name.c_str(), name.size()) == 1 &&
      SSL_set_tlsext_host_name(tls, name.c_str()) == 1) {
    return {};
  }
  return fail(ErrorCode::kIo, "OpenSSL is out of memory");
}

// Errors of a connection that could not be made.
bool is_unreachable(int error) {
  return error == ECONNREFUSED || error == ENETUNREACH || error == EHOSTUNREACH;
}

}  // namespace

Result<TlsClient> tls_client_of_system() {
  TlsClient context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context || SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return fail(ErrorCode::kIo, "the system's certificates cannot be read");
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

Result<TlsClient> tls_client(const std::filesystem::path& ca) {
  GL_TRY(read_file(ca, kMaxCertificates));
  TlsClient context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context || SSL_CTX_load_verify_file(context.get(), ca.c_str()) != 1) {
    const char* reason = ERR_reason_error_string(ERR_get_error());
    return fail(ErrorCode::kIo,
                fmt::format("{}: {}", ca.string(), reason == nullptr ? "cannot be read" : reason));
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

Peer peer_at(const net::Address& address) { return {.address = address, .name = address.host}; }

Result<Peer> find_peer(std::string_view text) {
  if (const auto numeric = net::parse_address(text)) return peer_at(*numeric);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
    return fail(
        ErrorCode::kBadParams,
        fmt::format("\"{}\" is not an address: must be HOST:PORT, such as localhost:1883", text));
  }
  const std::string host(text.substr(0, colon));
  const std::string port(text.substr(colon + 1));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: {}", text, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> first(found, &::freeaddrinfo);
  std::array<char, NI_MAXHOST> number{};
  ::getnameinfo(first->ai_addr, first->ai_addrlen, number.data(), number.size(), nullptr, 0,
                NI_NUMERICHOST);
  GL_TRY(auto address, net::parse_address(fmt::format("[{}]:{}", number.data(), port)));
  return Peer{.address = std::move(address), .name = host};
}

Result<net::Stream> connect(const Peer& to, const TlsClient& tls, ConnectMode wait) {
  GL_TRY(const auto address, net::socket_address(to.address));
  const int type =
      SOCK_STREAM | SOCK_CLOEXEC | (wait == ConnectMode::kNonBlocking ? SOCK_NONBLOCK : 0);
  const int fd = ::socket(address.storage.ss_family, type, 0);
  const int on = 1;
  const bool connected = fd >= 0 &&
                         ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
                         (::connect(fd, address.raw(), address.size) == 0 || errno == EINPROGRESS);
  const int error = errno;
  net::Stream stream(fd);
  if (!connected) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", to.address.text(), system_message(error)));
  }
  if (!tls) return stream;
  if (!stream.use_tls(*tls, net::Stream::Side::kClient)) {
    return fail(ErrorCode::kIo, "OpenSSL is out of memory");
  }
  GL_TRY(check_name_of_peer(stream.tls(), to.name));
  return stream;
}

Status check_listens(const Peer& peer, Millis patience) {
  GL_TRY(const auto stream, connect(peer, nullptr, ConnectMode::kNonBlocking));
  pollfd ready{.fd = stream.fd(), .events = POLLOUT, .revents = 0};
  int error = 0;
  socklen_t size = sizeof(error);
  const auto wait_ms = static_cast<int>(std::min<std::int64_t>(patience.count(), kLongestWait_ms));
  if (::poll(&ready, 1, wait_ms) <= 0) return {};
  ::getsockopt(stream.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return {};
  return fail(ErrorCode::kIo, fmt::format("{}: {}", peer.address.text(), system_message(error)));
}

std::string distrust_of(ssl_st* tls) {
  const auto result = SSL_get_verify_result(tls);
  return result == X509_V_OK ? std::string() : X509_verify_cert_error_string(result);
}

Error error_of(const net::Stream& stream, net::Stream::State state) {
  std::string detail = "the connection broke";
  if (state == net::Stream::State::kEnded) {
    detail = "the server closed the connection";
  } else if (const int error = stream.system_error(); error != 0) {
    if (is_unreachable(error)) detail = "the server cannot be reached";
    detail += ": " + system_message(error);
  } else if (const std::string why =
                 stream.tls() == nullptr ? std::string() : distrust_of(stream.tls());
             !why.empty()) {
    detail = "the server's certificate is not trusted: " + why;
  }
  return {.code = ErrorCode::kIo, .detail = std::move(detail)};
}

namespace {

std::atomic<int>& lookups_under_way() {
  static std::atomic<int> count = 0;
  return count;
}

// The state that the thread of a lookup and the waiting one share.
struct Answer {
  std::mutex mutex;
  std::condition_variable_any came;
  std::optional<Result<Peer>> found;
};

}  // namespace

void look_up_peer(const std::string& host_port,
                  std::move_only_function<void(Result<Peer>)> on_found) {
  if (const auto numeric = net::parse_address(host_port)) return on_found(peer_at(*numeric));
  if (lookups_under_way().fetch_add(1) >= kMaxLookups) {
    lookups_under_way().fetch_sub(1);
    return on_found(
        fail(ErrorCode::kIo, fmt::format("{}: too many addresses are being looked up", host_port)));
  }
  std::thread([host_port, on_found = std::move(on_found)]() mutable {
    on_found(find_peer(host_port));
    on_found = nullptr;
    lookups_under_way().fetch_sub(1);
  }).detach();
}

Result<Peer> find_peer(const std::string& host_port, const LookupEnd& end) {
  if (const auto numeric = net::parse_address(host_port)) return peer_at(*numeric);
  const auto ended = [&] {
    return fail(ErrorCode::kIo,
                fmt::format("{}: {}", host_port,
                            end.stop.stop_requested() ? "the lookup of the address is stopped"
                                                      : "the address was not found in time"));
  };
  if (end.stop.stop_requested() || std::chrono::steady_clock::now() >= end.until) return ended();
  const auto answer = std::make_shared<Answer>();
  look_up_peer(host_port, [answer](Result<Peer> found) {
    {
      const std::lock_guard lock(answer->mutex);
      answer->found.emplace(std::move(found));
    }
    answer->came.notify_all();
  });
  std::unique_lock lock(answer->mutex);
  const bool came =
      answer->came.wait_until(lock, end.stop, end.until, [&] { return answer->found.has_value(); });
  if (!came) return ended();
  return std::move(*answer->found);
}

}  // namespace gridloom::client
