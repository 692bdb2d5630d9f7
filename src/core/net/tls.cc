#include "net/tls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <set>
#include <utility>

#include "base/read_file.h"

namespace gridloom::net {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freer<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

constexpr std::size_t kMaxCertificate_bytes = std::size_t{1} << 20U;
constexpr long kDay_s = 24 * 3600;
constexpr long kAuthorityDays = 3650;
// Within the longest validity that Apple's clients accept for a server certificate.
constexpr long kServerDays = 800;
constexpr long kRenewDays = 60;
// For TLS 1.2, only cipher suites with forward secrecy (recorded traffic stays safe if a key is
// lost) and authenticated encryption. Every client with TLS 1.2 has one of them (RFC 9325, 4.2).
constexpr const char* kCiphersOf12 = "ECDHE+AESGCM:ECDHE+CHACHA20";

Status refuse(std::string_view what, const std::filesystem::path& file) {
  return fail(ErrorCode::kIo, fmt::format("{} {}: {}", what, file.string(), system_message(errno)));
}

// Writes the file atomically: one truncated by a crash would keep the server from starting again.
Status write_file(const std::filesystem::path& file, std::string_view text, mode_t mode) {
  const std::filesystem::path fresh = file.string() + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return refuse("cannot make", fresh);
  ssize_t written = ::fchmod(fd, mode);
  if (written == 0) written = ::write(fd, text.data(), text.size());
  const bool good = std::cmp_equal(written, text.size()) && ::fsync(fd) == 0;
  if (::close(fd) != 0 || !good) return refuse("cannot write", fresh);
  if (::rename(fresh.c_str(), file.c_str()) != 0) return refuse("cannot rename", fresh);
  return {};
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

std::string pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

CertificatePtr read_certificate(const std::filesystem::path& file) {
  const BioPtr bio(BIO_new_file(file.c_str(), "r"));
  return CertificatePtr(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

KeyPtr read_key(const std::filesystem::path& file) {
  const BioPtr bio(BIO_new_file(file.c_str(), "r"));
  return KeyPtr(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

bool belong_together(X509* certificate, EVP_PKEY* key) {
  return certificate != nullptr && key != nullptr && X509_check_private_key(certificate, key) == 1;
}

// Whether the private half of the key fits its public half.
bool is_sound(EVP_PKEY* key) {
  if (key == nullptr) return false;
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context && EVP_PKEY_pairwise_check(context.get()) == 1;
}

// False: OpenSSL rejects the value.
[[nodiscard]] bool add_extension(X509* certificate, X509* issuer, int nid,
                                 const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

CertificatePtr blank_certificate(EVP_PKEY* key, std::string_view name, long days) {
  CertificatePtr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  std::array<unsigned char, 16> serial{};
  RAND_bytes(serial.data(), serial.size());
  serial[0] &= 0x7fU;
  BIGNUM* number = BN_bin2bn(serial.data(), serial.size(), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * kDay_s);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const std::string text(name);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
  return certificate;
}

// localhost, this machine's names and addresses, and the public host names.
std::set<std::string> names_to_cover(const std::vector<std::string>& public_hosts) {
  std::set<std::string> names{"localhost", "127.0.0.1", "::1"};
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') names.emplace(host.data());
  ifaddrs* addresses = nullptr;
  if (getifaddrs(&addresses) == 0) {
    for (const ifaddrs* at = addresses; at != nullptr; at = at->ifa_next) {
      if (at->ifa_addr == nullptr) continue;
      std::array<char, INET6_ADDRSTRLEN> text{};
      const int family = at->ifa_addr->sa_family;
      const void* raw = nullptr;
      if (family == AF_INET) raw = &reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr;
      if (family == AF_INET6) raw = &reinterpret_cast<const sockaddr_in6*>(at->ifa_addr)->sin6_addr;
      if (raw != nullptr && inet_ntop(family, raw, text.data(), text.size()) != nullptr) {
        names.emplace(text.data());
      }
    }
    freeifaddrs(addresses);
  }
  names.insert(public_hosts.begin(), public_hosts.end());
  return names;
}

bool covers(X509* certificate, const std::set<std::string>& names) {
  return std::ranges::all_of(names, [certificate](const std::string& name) {
    return is_address(name) ? X509_check_ip_asc(certificate, name.c_str(), 0) == 1
                            : X509_check_host(certificate, name.c_str(), 0, 0, nullptr) == 1;
  });
}

// A certificate that was made while the clock was ahead becomes valid later.
bool has_begun(X509* certificate) {
  return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0;
}

bool lasts(X509* certificate, long days) {
  int left_days = 0;
  int left_s = 0;
  return ASN1_TIME_diff(&left_days, &left_s, nullptr, X509_get0_notAfter(certificate)) == 1 &&
         left_days > days;
}

struct Issuer {
  CertificatePtr certificate;
  KeyPtr key;
};

Result<Issuer> own_authority(const std::filesystem::path& folder) {
  const auto certificate_file = folder / "ca.pem";
  const auto key_file = folder / "ca.key";
  if (std::filesystem::exists(certificate_file)) {
    Issuer issuer{.certificate = read_certificate(certificate_file), .key = read_key(key_file)};
    if (!belong_together(issuer.certificate.get(), issuer.key.get())) {
      return fail(
          ErrorCode::kMalformed,
          fmt::format("{} and ca.key are not a certificate and its key; remove both, and new ones "
                      "are created at the next start (clients must then trust the new certificate)",
                      certificate_file.string()));
    }
    // Clients that trust the certificate in its original form would refuse certificates signed by
    // this one.
    if (X509_verify(issuer.certificate.get(), issuer.key.get()) != 1 ||
        !is_sound(issuer.key.get())) {
      ERR_clear_error();
      return fail(
          ErrorCode::kMalformed,
          fmt::format("{} or ca.key is damaged: restore both from a backup, or remove both, and "
                      "new ones are created at the next start (clients must then trust the new "
                      "certificate)",
                      certificate_file.string()));
    }
    return issuer;
  }
  KeyPtr key(EVP_EC_gen("P-256"));
  CertificatePtr certificate = blank_certificate(
      key.get(), "Gridloom authority " + std::to_string(::time(nullptr)), kAuthorityDays);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  X509* const own = certificate.get();
  const bool complete =
      add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(own, own, NID_subject_key_identifier, "hash");
  if (!complete || X509_sign(own, key.get(), EVP_sha256()) == 0) {
    return fail(ErrorCode::kInternal, "OpenSSL could not sign the authority's certificate");
  }
  GL_TRY(write_file(key_file, pem(key.get()), 0600));
  GL_TRY(write_file(certificate_file, pem(certificate.get()), 0644));
  return Issuer{.certificate = std::move(certificate), .key = std::move(key)};
}

Status make_server_certificate(const TlsFiles& files, const Issuer& issuer,
                               const std::set<std::string>& names) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate = blank_certificate(key.get(), "localhost", kServerDays);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.certificate.get()));
  std::string alternatives;
  for (const std::string& name : names) {
    if (!alternatives.empty()) alternatives += ',';
    alternatives += (is_address(name) ? "IP:" : "DNS:") + name;
  }
  X509* const by = issuer.certificate.get();
  X509* const own = certificate.get();
  if (!add_extension(own, by, NID_subject_alt_name, alternatives)) {
    return fail(ErrorCode::kBadParams,
                fmt::format("a certificate cannot contain the names {}: each must be a host name "
                            "or an address",
                            alternatives));
  }
  const bool complete = add_extension(own, by, NID_basic_constraints, "critical,CA:FALSE") &&
                        add_extension(own, by, NID_key_usage, "critical,digitalSignature") &&
                        add_extension(own, by, NID_ext_key_usage, "serverAuth") &&
                        add_extension(own, by, NID_subject_key_identifier, "hash") &&
                        add_extension(own, by, NID_authority_key_identifier, "keyid");
  if (!complete || X509_sign(own, issuer.key.get(), EVP_sha256()) == 0) {
    return fail(ErrorCode::kInternal, "OpenSSL could not sign the server's certificate");
  }
  GL_TRY(write_file(files.key, pem(key.get()), 0600));
  return write_file(files.certificate, pem(certificate.get()), 0644);
}

}  // namespace

Result<TlsFiles> own_certificates(const std::filesystem::path& data_folder,
                                  const std::vector<std::string>& public_hosts) {
  for (const std::string& host : public_hosts) {
    GL_TRY(check_host(host));
  }
  const std::filesystem::path folder = data_folder / "tls";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return fail(ErrorCode::kIo,
                fmt::format("cannot create {}: {}", folder.string(), error.message()));
  }
  TlsFiles files{.ca = std::filesystem::absolute(folder / "ca.pem"),
                 .certificate = folder / "server.pem",
                 .key = folder / "server.key"};
  for (const char* name : {"ca.pem", "ca.key", "server.pem", "server.key"}) {
    if (!std::filesystem::exists(folder / name, error)) continue;
    // A file that cannot be read now is not damaged, and must not be replaced.
    GL_TRY(read_file(folder / name, kMaxCertificate_bytes));
  }
  for (const auto& [name, why] : check_certificates(data_folder)) {
    spdlog::error("tls/{}: {}; a damaged certificate or key of the server is replaced by a new one",
                  name, why);
  }
  for (const std::filesystem::path& key : {folder / "ca.key", files.key}) {
    const std::filesystem::file_status facts = std::filesystem::status(key, error);
    if (!std::filesystem::exists(facts)) continue;
    const auto mode = static_cast<unsigned>(facts.permissions());
    GL_TRY(only_for_its_owner(key, mode));
  }
  GL_TRY(const Issuer issuer, own_authority(folder));
  const std::set<std::string> names = names_to_cover(public_hosts);
  const CertificatePtr present = read_certificate(files.certificate);
  const KeyPtr public_key(X509_get_pubkey(issuer.certificate.get()));
  const KeyPtr present_key = read_key(files.key);
  const bool good = belong_together(present.get(), present_key.get()) &&
                    covers(present.get(), names) && has_begun(present.get()) &&
                    lasts(present.get(), kRenewDays) &&
                    X509_verify(present.get(), public_key.get()) == 1;
  if (!good) {
    GL_TRY(make_server_certificate(files, issuer, names));
  }
  return files;
}

std::map<std::string, std::string> check_certificates(const std::filesystem::path& data_folder) {
  std::map<std::string, std::string> wrong;
  const std::filesystem::path folder = data_folder / "tls";
  const CertificatePtr authority = read_certificate(folder / "ca.pem");
  const KeyPtr signer(authority ? X509_get_pubkey(authority.get()) : nullptr);
  for (const std::string name : {"ca", "server"}) {
    const std::filesystem::path certificate_file = folder / (name + ".pem");
    const std::filesystem::path key_file = folder / (name + ".key");
    const CertificatePtr certificate = read_certificate(certificate_file);
    const KeyPtr key = read_key(key_file);
    std::error_code error;
    if (std::filesystem::exists(certificate_file, error)) {
      std::string& why = wrong[name + ".pem"];
      if (!certificate) {
        why = "it is not a certificate";
      } else if (signer && X509_verify(certificate.get(), signer.get()) != 1) {
        why = "it was not signed by ca.pem";
      }
      if (why.empty()) wrong.erase(name + ".pem");
    }
    if (!std::filesystem::exists(key_file, error)) continue;
    if (!is_sound(key.get())) {
      wrong[name + ".key"] = "it is not a key";
    } else if (certificate && !belong_together(certificate.get(), key.get())) {
      wrong[name + ".key"] = fmt::format("it is not the key of {}.pem", name);
    }
  }
  ERR_clear_error();
  return wrong;
}

Result<TlsContextPtr> tls_context(const TlsFiles& files) {
  TlsContextPtr context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX* const raw = context.get();
  bool good = raw != nullptr && SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1;
  if (good) {
    SSL_CTX_set_options(raw, SSL_OP_ALL | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_read_ahead(raw, 1);
    good = SSL_CTX_set_cipher_list(raw, kCiphersOf12) == 1 &&
           SSL_CTX_use_certificate_chain_file(raw, files.certificate.c_str()) == 1 &&
           SSL_CTX_use_PrivateKey_file(raw, files.key.c_str(), SSL_FILETYPE_PEM) == 1;
  }
  if (good) return context;
  const char* reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  return fail(ErrorCode::kMalformed,
              fmt::format("{} and {}: {}", files.certificate.string(), files.key.string(),
                          reason == nullptr ? "OpenSSL does not accept them" : reason));
}

namespace {

bool is_host_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  });
}

}  // namespace

bool is_address(const std::string& name) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

Status check_host(const std::string& host) {
  if (is_address(host) || is_host_name(host)) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("\"{}\" is neither a host name nor an address", host));
}

}  // namespace gridloom::net
