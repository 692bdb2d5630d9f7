// TLS for the listeners: an own certificate authority, created on first start in the data folder,
// and a server certificate signed by it; or certificates from the operator.
//
// DIR/tls/ca.pem, ca.key (0600), server.pem, server.key (0600). Clients trust ca.pem. The server
// certificate covers localhost, the machine's names and addresses, and the public host; it is
// renewed when that set grows or when it is close to its expiry.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace gridloom::net {

// The names that a certificate can be for.
// A numeric address.
[[nodiscard]] bool is_address(const std::string& name);
// kBadParams: it is neither a host name nor an address.
[[nodiscard]] Status check_host(const std::string& host);

}  // namespace gridloom::net

struct ssl_ctx_st;

namespace gridloom::net {

using TlsContextPtr = std::shared_ptr<ssl_ctx_st>;

struct TlsFiles {
  std::filesystem::path ca;
  std::filesystem::path certificate;
  std::filesystem::path key;
};

// Errors: kIo, kMalformed (a file that is no certificate).
[[nodiscard]] Result<TlsFiles> own_certificates(const std::filesystem::path& data_folder,
                                                const std::vector<std::string>& public_hosts);

// Changes nothing. Returns what is wrong with the files of DIR/tls, by file name; files that do not
// exist are left out. Empty: each key fits its certificate, and the authority signed them.
[[nodiscard]] std::map<std::string, std::string> check_certificates(
    const std::filesystem::path& data_folder);

[[nodiscard]] Result<TlsContextPtr> tls_context(const TlsFiles& files);

}  // namespace gridloom::net
