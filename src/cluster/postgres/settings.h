// Where a PostgreSQL server is and how it is connected to: a `postgres://` URL, parsed by libpq and
// checked here, with the settings that every connection of ours has.
//
// A password is a Secret. It comes from a file, from PGPASSFILE or ~/.pgpass (libpq reads these),
// or, if the caller allows it, from the URL. No message repeats it.
//
// Thread rule: any thread may read one object.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace gridloom::postgres {

inline constexpr std::string_view kDefaultSchema = "gridloom";

// Whether a password may stand in the URL: on a command line every user of the machine can read it.
enum class UrlPassword : std::uint8_t { kRefused, kAllowed };

class ConnectionSettings {
 public:
  struct Source {
    std::string_view
        url;  // postgres://USER@HOST[:PORT][,HOST...]/DATABASE[?sslmode=verify-full&...]
    UrlPassword url_password = UrlPassword::kRefused;
    std::filesystem::path password_file = {};  // its first line; readable by its owner alone
    std::string_view schema = kDefaultSchema;  // of all our tables
    std::string_view application_name = "gridloom";
  };
  // kBadParams: the URL, with what would be right; kIo: the password file. Connects with nobody.
  [[nodiscard]] static Result<ConnectionSettings> parse(const Source& source);

  // The hosts and the database, without user and password: "db1:5432,db2:5432/gridloom".
  [[nodiscard]] const std::string& description() const { return description_; }
  [[nodiscard]] const std::string& schema() const { return schema_; }
  // The same for tables of another schema, whose name is of the form that parse() accepts.
  [[nodiscard]] ConnectionSettings with_schema(std::string schema) const {
    ConnectionSettings other = *this;
    other.schema_ = std::move(schema);
    return other;
  }
  [[nodiscard]] Millis connect_timeout() const { return connect_timeout_; }  // of one host

  // For Connection: libpq's parameters of one host, without `options` and the password.
  using Parameters = std::map<std::string, std::string, std::less<>>;
  [[nodiscard]] std::size_t host_count() const { return hosts_.size(); }
  [[nodiscard]] Parameters parameters(std::size_t host) const;
  [[nodiscard]] const Secret& password() const { return password_; }
  // The `options` of the URL, which override our own.
  [[nodiscard]] const std::string& options() const { return options_; }
  // The host that was connected with last is the first to be tried; copies share this.
  [[nodiscard]] std::size_t first_host() const { return *first_host_; }
  void prefer(std::size_t host) const { *first_host_ = host; }

 private:
  struct Host {
    std::string name;  // a name, an address or the folder of a socket; empty: libpq's default
    std::string address;
    std::string port;
  };

  ConnectionSettings() = default;
  [[nodiscard]] Status take_hosts();
  [[nodiscard]] Status check_values();
  void add_defaults();

  Parameters common_;  // of every host
  std::vector<Host> hosts_;
  Secret password_;
  std::string options_;
  std::string schema_;
  std::string description_;
  Millis connect_timeout_{};
  std::shared_ptr<std::atomic<std::size_t>> first_host_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace gridloom::postgres
