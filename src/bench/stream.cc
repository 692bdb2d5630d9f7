#include "bench/stream.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

namespace gridloom::bench {

Result<TlsClient> tls_client(const std::filesystem::path& ca) {
  TlsClient context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context || SSL_CTX_load_verify_file(context.get(), ca.c_str()) != 1) {
    const char* reason = ERR_reason_error_string(ERR_get_error());
    return fail(FaultKind::kIo,
                fmt::format("{}: {}", ca.string(), reason == nullptr ? "cannot be read" : reason));
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

Result<net::Stream> connect(const net::Address& to, const TlsClient& tls) {
  const auto address = net::socket_address(to);
  if (!address) return std::unexpected(address.error());
  const int fd = ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  const bool connected = fd >= 0 && ::connect(fd, address->raw(), address->size) == 0 &&
                         ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
  const int error = errno;
  net::Stream stream(fd);
  if (!connected) {
    return fail(FaultKind::kIo, fmt::format("{}: {}", to.text(), system_message(error)));
  }
  if (tls) {
    if (!stream.use_tls(*tls, net::Stream::Side::kClient) ||
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream.tls()), to.host.c_str()) != 1) {
      return fail(FaultKind::kIo, "OpenSSL is out of memory");
    }
  }
  return stream;
}

Fault fault_of(net::Stream::State state) {
  return {.kind = FaultKind::kIo,
          .detail = state == net::Stream::State::kEnded ? "the server closed the connection"
                                                        : "the connection broke"};
}

}  // namespace gridloom::bench
