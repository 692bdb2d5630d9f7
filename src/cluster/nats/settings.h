// Where NATS servers are, and how a connection shows who it is: URLs and files that an operator
// names, checked here.
//
// A password is a Secret, of a file. No message repeats it.
//
// Thread rule: any thread may read one object.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace gridloom::nats {

class ConnectionSettings {
 public:
  struct Source {
    std::string_view urls;  // nats://HOST[:PORT][,nats://...]; tls:// where TLS is a must
    // The user's name and the file of the password: its first line. Both or none.
    std::string_view user = {};
    std::filesystem::path password_file = {};
    // A file that `nsc` writes for a user: a JWT and the seed of its key. Instead of a user.
    std::filesystem::path credentials_file = {};
    // Any of these makes TLS a must. `ca_file`: who has signed the servers' certificates; without
    // it, the system's authorities count. The others: our own certificate and its key, both or
    // none.
    std::filesystem::path ca_file = {};
    std::filesystem::path certificate_file = {};
    std::filesystem::path key_file = {};
  };
  // kBadParams: the detail says what is wrong and what would be right. kIo: a file cannot be read,
  // or others may read one that has a secret. Connects with nobody.
  [[nodiscard]] static Result<ConnectionSettings> parse(const Source& source);

  // Each with its port.
  [[nodiscard]] const std::vector<std::string>& urls() const { return urls_; }
  // The servers without what precedes them: "n1:4222,n2:4222".
  [[nodiscard]] const std::string& description() const { return description_; }
  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] const Secret& password() const { return password_; }
  [[nodiscard]] const std::filesystem::path& credentials_file() const { return credentials_file_; }
  [[nodiscard]] bool has_tls() const { return has_tls_; }
  [[nodiscard]] const std::filesystem::path& ca_file() const { return ca_file_; }
  [[nodiscard]] const std::filesystem::path& certificate_file() const { return certificate_file_; }
  [[nodiscard]] const std::filesystem::path& key_file() const { return key_file_; }

 private:
  ConnectionSettings() = default;
  [[nodiscard]] Status take_urls(std::string_view urls);
  [[nodiscard]] Status take_user(const Source& source);
  [[nodiscard]] Status take_files(const Source& source);

  std::vector<std::string> urls_;
  std::string description_;
  std::string user_;
  Secret password_;
  std::filesystem::path credentials_file_;
  bool has_tls_ = false;
  std::filesystem::path ca_file_;
  std::filesystem::path certificate_file_;
  std::filesystem::path key_file_;
};

}  // namespace gridloom::nats
