// TLS tests: the files of the own authority, the names that the certificate covers, and handshakes
// by clients that verify the server.
#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "net/test_peer.h"
#include "testing/temporary_folder.h"

namespace gridloom::net {
namespace {

namespace fs = std::filesystem;

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using CertificatePtr = std::unique_ptr<X509, FreeX509>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;
using BioPtr = std::unique_ptr<BIO, FreeBio>;

CertificatePtr certificate_of(const fs::path& file) {
  const BioPtr bio(BIO_new_file(file.c_str(), "r"));
  return CertificatePtr(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

void write_private(const fs::path& file, std::string_view content) {
  write_content(file, content);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
}

std::string fresh_key() {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

class TlsTest : public testing::Test {
 protected:
  [[nodiscard]] TlsFiles files(const std::vector<std::string>& hosts = {}) const {
    const auto made = own_certificates(folder, hosts);
    if (!made) throw std::runtime_error(made.error().detail);
    return *made;
  }
  [[nodiscard]] fs::path tls(std::string_view name) const { return folder / "tls" / name; }
  [[nodiscard]] static bool covers(const TlsFiles& of, const std::string& host) {
    const CertificatePtr certificate = certificate_of(of.certificate);
    return certificate && (X509_check_host(certificate.get(), host.c_str(), 0, 0, nullptr) == 1 ||
                           X509_check_ip_asc(certificate.get(), host.c_str(), 0) == 1);
  }
  // A client that trusts `ca` gets an echo from a server that uses `of`.
  [[nodiscard]] static testing::AssertionResult serves(const TlsFiles& of,
                                                       const std::string& host = "localhost") {
    const auto context = tls_context(of);
    if (!context) return testing::AssertionFailure() << context.error().detail;
    TestServer server({.loops = 1, .tls = *context});
    const PlainPeer plain(server.port());
    const TlsPeer peer(plain, of.ca, host);
    if (!peer.do_handshake()) {
      return testing::AssertionFailure()
             << host << ": " << X509_verify_cert_error_string(SSL_get_verify_result(peer.ssl()));
    }
    if (!peer.send("echo x\n") || peer.read(2) != "x\n") {
      return testing::AssertionFailure() << "no echo";
    }
    return testing::AssertionSuccess();
  }

  TemporaryFolder temporary;
  const fs::path& folder = temporary.path();
};

TEST_F(TlsTest, MakesItsFilesOnFirstStartWithKeysForNobodyElse) {
  const TlsFiles made = files();
  EXPECT_EQ(made.ca, fs::absolute(tls("ca.pem")));
  EXPECT_EQ(mode_of(tls("ca.pem")), 0644U);
  EXPECT_EQ(mode_of(tls("server.pem")), 0644U);
  EXPECT_EQ(mode_of(tls("ca.key")), 0600U);
  EXPECT_EQ(mode_of(tls("server.key")), 0600U);
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder / "tls")) ++count;
  EXPECT_EQ(count, 4U);  // no temporary file is left
}

TEST_F(TlsTest, CoversTheMachinesNamesAndAddressesAndThePublicHost) {
  const TlsFiles made = files({"power.example", "198.51.100.7"});
  std::array<char, 256> host{};
  ASSERT_EQ(::gethostname(host.data(), host.size() - 1), 0);
  for (const std::string& name :
       {std::string("localhost"), std::string("127.0.0.1"), std::string("::1"),
        std::string("power.example"), std::string("198.51.100.7"), std::string(host.data())}) {
    EXPECT_TRUE(covers(made, name)) << name;
  }
  EXPECT_FALSE(covers(made, "other.example"));
  EXPECT_FALSE(covers(made, "198.51.100.8"));
}

TEST_F(TlsTest, ASecondStartChangesNothing) {
  const TlsFiles made = files({"power.example"});
  const std::string ca = content_of(made.ca);
  const std::string certificate = content_of(made.certificate);
  const std::string key = content_of(made.key);
  const TlsFiles again = files({"power.example"});
  EXPECT_EQ(content_of(again.ca), ca);
  EXPECT_EQ(content_of(again.certificate), certificate);
  EXPECT_EQ(content_of(again.key), key);
  static_cast<void>(files({}));  // the existing certificate covers more names
  EXPECT_EQ(content_of(made.certificate), certificate);
}

TEST_F(TlsTest, ANewNameMakesANewCertificateUnderTheSameAuthority) {
  const TlsFiles made = files();
  const std::string ca = content_of(made.ca);
  const std::string certificate = content_of(made.certificate);
  EXPECT_FALSE(covers(made, "power.example"));
  static_cast<void>(files({"power.example"}));
  EXPECT_EQ(content_of(made.ca), ca);
  EXPECT_NE(content_of(made.certificate), certificate);
  EXPECT_TRUE(covers(made, "power.example"));
  EXPECT_EQ(mode_of(made.key), 0600U);
  EXPECT_TRUE(serves(made, "power.example"));
}

// The certificate was made while the clock was ahead.
TEST_F(TlsTest, ACertificateThatHasNotBegunIsMadeAgain) {
  const TlsFiles made = files();
  const CertificatePtr certificate = certificate_of(made.certificate);
  ASSERT_TRUE(certificate);
  const BioPtr key_bio(BIO_new_file(tls("ca.key").c_str(), "r"));
  const KeyPtr key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 24L * 3600);
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  const BioPtr bio(BIO_new_file(made.certificate.c_str(), "w"));
  ASSERT_EQ(PEM_write_bio_X509(bio.get(), certificate.get()), 1);
  ASSERT_EQ(BIO_flush(bio.get()), 1);
  static_cast<void>(files());
  EXPECT_TRUE(serves(made));
}

TEST_F(TlsTest, ACertificateThatNearsItsEndIsMadeAgain) {
  const TlsFiles made = files();
  const CertificatePtr certificate = certificate_of(made.certificate);
  ASSERT_TRUE(certificate);
  const BioPtr key_bio(BIO_new_file(tls("ca.key").c_str(), "r"));
  const KeyPtr key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  const auto end_in_days = [&](long days) {
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * 24 * 3600);
    ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
    const BioPtr bio(BIO_new_file(made.certificate.c_str(), "w"));
    ASSERT_EQ(PEM_write_bio_X509(bio.get(), certificate.get()), 1);
  };
  end_in_days(100);
  std::string before = content_of(made.certificate);
  static_cast<void>(files());
  EXPECT_EQ(content_of(made.certificate), before);
  end_in_days(30);
  before = content_of(made.certificate);
  static_cast<void>(files());
  EXPECT_NE(content_of(made.certificate), before);
  EXPECT_TRUE(serves(made));
}

TEST_F(TlsTest, VerifyingClientsConnectByNameAndByAddress) {
  const TlsFiles made = files();
  EXPECT_TRUE(serves(made, "localhost"));
  EXPECT_TRUE(serves(made, "127.0.0.1"));
  EXPECT_FALSE(serves(made, "elsewhere.example"));
}

TEST_F(TlsTest, AClientThatDoesNotTrustTheAuthorityIsNotServed) {
  const TlsFiles made = files();
  const auto context = tls_context(made);
  ASSERT_TRUE(context);
  TestServer server({.loops = 1, .tls = *context});
  {
    const PlainPeer plain(server.port());
    EXPECT_FALSE(TlsPeer(plain, "", "localhost").do_handshake());
  }
  EXPECT_TRUE(server.events.await("lost"));
}

TEST_F(TlsTest, OldTlsIsRefused) {
  const TlsFiles made = files();
  const auto context = tls_context(made);
  ASSERT_TRUE(context);
  TestServer server({.loops = 1, .tls = *context});
  const PlainPeer plain(server.port());
  const TlsPeer peer(plain, made.ca, "localhost");
  SSL_set_max_proto_version(peer.ssl(), TLS1_1_VERSION);
  EXPECT_FALSE(peer.do_handshake());
}

TEST_F(TlsTest, WithTls12OnlyCiphersThatFindChangesAreTaken) {
  struct Row {
    const char* cipher;
    bool taken;
  };
  const TlsFiles made = files();
  const auto context = tls_context(made);
  ASSERT_TRUE(context);
  TestServer server({.loops = 1, .tls = *context});
  for (const Row& row : {Row{.cipher = "ECDHE-ECDSA-AES128-GCM-SHA256", .taken = true},
                         Row{.cipher = "ECDHE-ECDSA-AES256-GCM-SHA384", .taken = true},
                         Row{.cipher = "ECDHE-ECDSA-CHACHA20-POLY1305", .taken = true},
                         Row{.cipher = "ECDHE-ECDSA-AES128-SHA", .taken = false},
                         Row{.cipher = "ECDHE-ECDSA-AES128-SHA256", .taken = false}}) {
    const PlainPeer plain(server.port());
    const TlsPeer peer(plain, made.ca, "localhost");
    SSL_set_max_proto_version(peer.ssl(), TLS1_2_VERSION);
    ASSERT_EQ(SSL_set_cipher_list(peer.ssl(), row.cipher), 1) << row.cipher;
    EXPECT_EQ(peer.do_handshake(), row.taken) << row.cipher;
  }
}

TEST_F(TlsTest, AKeyThatOtherUsersMayReadIsNotUsed) {
  static_cast<void>(files());
  for (const char* name : {"ca.key", "server.key"}) {
    fs::permissions(tls(name), fs::perms::group_read, fs::perm_options::add);
    const auto again = own_certificates(folder, {});
    ASSERT_FALSE(again) << name;
    EXPECT_TRUE(
        again.error().detail.contains(std::string(name) + " can be read or written by other users"))
        << name;
    fs::permissions(tls(name), fs::perms::group_read, fs::perm_options::remove);
  }
  EXPECT_TRUE(own_certificates(folder, {}));
}

TEST_F(TlsTest, LargeAnswersComeWholeAndEndWithAGoodbye) {
  const TlsFiles made = files();
  const auto context = tls_context(made);
  ASSERT_TRUE(context);
  TestServer server({.tls = *context});
  const PlainPeer plain(server.port());
  const TlsPeer peer(plain, made.ca, "localhost");
  ASSERT_TRUE(peer.do_handshake());
  ASSERT_TRUE(peer.send("big 3000000\n"));
  EXPECT_EQ(peer.read(3'000'000).size(), 3'000'000U);
  ASSERT_TRUE(peer.send("bye 1000000\n"));
  EXPECT_EQ(peer.read(1'000'000).size(), 1'000'000U);
  EXPECT_TRUE(peer.ended_cleanly());
}

TEST_F(TlsTest, LateAnswersComeAsOnAPlainConnection) {
  const TlsFiles made = files();
  const auto context = tls_context(made);
  ASSERT_TRUE(context);
  TestServer server({.loops = 1, .tls = *context});
  const PlainPeer plain(server.port());
  const TlsPeer peer(plain, made.ca, "localhost");
  ASSERT_TRUE(peer.do_handshake());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(peer.send("later x\n"));
    ASSERT_EQ(peer.read(2), "x\n");
  }
}

// The loop checks its connections four times a second; the handshake of a distant or slow device
// may still be under way then.
TEST_F(TlsTest, AClientThatTakesItsTimeForTheHandshakeIsServed) {
  const TlsFiles made = files();
  const auto context = tls_context(made);
  ASSERT_TRUE(context);
  TestServer server({.loops = 1, .tls = *context});
  const PlainPeer plain(server.port());
  ASSERT_TRUE(server.events.await("made secure"));
  ASSERT_TRUE(server.events.await("sweep", server.events.count("sweep") + 2));
  const TlsPeer peer(plain, made.ca, "localhost");
  ASSERT_TRUE(peer.do_handshake());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(peer.send("later x\n"));
    ASSERT_EQ(peer.read(2), "x\n");
  }
}

TEST_F(TlsTest, AHandshakeThatDoesNotComeIsGivenUp) {
  const TlsFiles made = files();
  const auto context = tls_context(made);
  ASSERT_TRUE(context);
  TestServer server({.loops = 1, .tls = *context});
  const PlainPeer silent(server.port());
  ASSERT_TRUE(server.events.await("made secure"));
  ASSERT_TRUE(server.events.await("sweep", server.events.count("sweep") + 1));
  server.clock.pass(Millis(9'000));
  ASSERT_TRUE(server.events.await("sweep", server.events.count("sweep") + 2));
  EXPECT_EQ(server.events.count("lost"), 0U);
  server.clock.pass(Millis(2'000));
  EXPECT_TRUE(server.events.await("lost"));
  EXPECT_TRUE(silent.ended());
}

TEST_F(TlsTest, AGoodbyeThatIsNotAnsweredIsGivenUp) {
  const TlsFiles made = files();
  const auto context = tls_context(made);
  ASSERT_TRUE(context);
  TestServer server({.loops = 1, .limits = {.close_time = Millis(700)}, .tls = *context});
  const PlainPeer plain(server.port());
  const TlsPeer peer(plain, made.ca, "localhost");
  ASSERT_TRUE(peer.do_handshake());
  ASSERT_TRUE(peer.send("bye 10\n"));
  EXPECT_EQ(peer.read(10).size(), 10U);
  EXPECT_TRUE(peer.ended_cleanly());
  ASSERT_TRUE(server.events.await("sweep", server.events.count("sweep") + 2));
  server.clock.pass(Millis(699));
  ASSERT_TRUE(server.events.await("sweep", server.events.count("sweep") + 2));
  EXPECT_EQ(server.events.count("lost"), 0U);
  server.clock.pass(Millis(1));
  EXPECT_TRUE(server.events.await("lost"));
  EXPECT_TRUE(plain.ended());
}

TEST_F(TlsTest, APlainClientAtTheTlsPortIsShownOut) {
  const TlsFiles made = files();
  const auto context = tls_context(made);
  ASSERT_TRUE(context);
  TestServer server({.loops = 1, .tls = *context});
  const PlainPeer plain(server.port());
  ASSERT_TRUE(plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_TRUE(server.events.await("lost"));
}

TEST_F(TlsTest, ADamagedAuthorityIsReportedAndNotReplaced) {
  const TlsFiles made = files();
  const std::string good = content_of(made.ca);
  const std::string key = content_of(tls("ca.key"));
  const auto reported = [&] {
    const auto again = own_certificates(folder, {});
    return !again && again.error().code == ErrorCode::kMalformed &&
           again.error().detail.contains("ca.pem");
  };
  for (const std::string_view damage : {"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n"}) {
    write_private(made.ca, damage);
    EXPECT_TRUE(reported()) << damage;
    EXPECT_EQ(content_of(made.ca), damage);
  }
  write_private(made.ca, good);
  write_private(tls("ca.key"), "nonsense");
  EXPECT_TRUE(reported());
  fs::remove(tls("ca.key"));
  EXPECT_TRUE(reported());
  write_private(tls("ca.key"), key);
  EXPECT_TRUE(serves(files()));
}

TEST_F(TlsTest, AFlippedBitInAnAuthorityIsReportedOrChangesNothing) {
  const TlsFiles made = files();
  for (const fs::path& file : {made.ca, tls("ca.key")}) {
    const std::string good = content_of(file);
    int reported = 0;
    for (std::size_t at = 0; at < good.size(); at += 3) {
      std::string flipped = good;
      flipped[at] = static_cast<char>(flipped[at] ^ 4);
      write_private(file, flipped);
      const auto again = own_certificates(folder, {});
      if (!again) {
        ++reported;
        EXPECT_TRUE(again.error().detail.contains("ca.pem")) << again.error().detail;
      } else {
        EXPECT_TRUE(serves(*again)) << at;
      }
    }
    EXPECT_GT(reported, static_cast<int>(good.size()) / 3 / 2) << file;
    write_private(file, good);
  }
  EXPECT_TRUE(serves(files()));
}

// Every client would refuse the certificates that it signs.
TEST_F(TlsTest, AnAuthoritysKeyThatIsAnothersIsReported) {
  const TlsFiles made = files();
  write_private(tls("ca.key"), fresh_key());
  const auto again = own_certificates(folder, {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kMalformed);
}

TEST_F(TlsTest, ADamagedServerCertificateIsMadeAgain) {
  const TlsFiles made = files();
  for (const fs::path& file : {made.certificate, made.key}) {
    write_private(file, "nonsense");
    static_cast<void>(files());
    EXPECT_TRUE(serves(made)) << file;
    fs::remove(file);
    static_cast<void>(files());
    EXPECT_TRUE(serves(made)) << file;
  }
}

// A crash between the two writes of a renewal leaves the new key next to the old certificate.
TEST_F(TlsTest, AServerKeyThatDoesNotFitItsCertificateIsMadeAgain) {
  const TlsFiles made = files();
  write_private(made.key, fresh_key());
  static_cast<void>(files());
  EXPECT_TRUE(serves(made));
}

TEST_F(TlsTest, ACertificateOfAnotherAuthorityIsMadeAgain) {
  const TlsFiles made = files();
  fs::remove(made.ca);
  fs::remove(tls("ca.key"));
  const TlsFiles again = files();
  EXPECT_TRUE(serves(again));
}

// If two hosts are written into one option, the server still serves the other names, or the
// operator is told.
TEST_F(TlsTest, APublicHostThatIsNoneDoesNotCostTheOtherNames) {
  for (const std::string& host :
       std::vector<std::string>{"a.example,b.example", "", "a b", "DNS:x", "a\nb", "*"}) {
    const auto made = own_certificates(folder, {host});
    if (!made) {
      EXPECT_EQ(made.error().code, ErrorCode::kBadParams) << host;
      continue;
    }
    EXPECT_TRUE(covers(*made, "localhost") && covers(*made, "127.0.0.1")) << host;
    fs::remove_all(folder / "tls");
  }
}

TEST_F(TlsTest, AFolderThatCannotBeIsNamed) {
  write_private(folder / "file", "x");
  const auto made = own_certificates(folder / "file", {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kIo);
  EXPECT_TRUE(made.error().detail.contains("file"));
}

TEST_F(TlsTest, GivenFilesThatAreNoneAreNamed) {
  TlsFiles made = files();
  write_private(tls("other.key"), fresh_key());
  for (const fs::path& key : {tls("other.key"), tls("absent.key"), made.certificate}) {
    const auto context = tls_context({.ca = made.ca, .certificate = made.certificate, .key = key});
    ASSERT_FALSE(context) << key;
    EXPECT_EQ(context.error().code, ErrorCode::kMalformed);
    EXPECT_TRUE(context.error().detail.contains(key.string())) << context.error().detail;
  }
}

}  // namespace
}  // namespace gridloom::net
