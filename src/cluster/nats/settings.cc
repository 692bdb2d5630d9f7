#include "nats/settings.h"

#include <fmt/format.h>
#include <nats/nats.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <utility>

#include "base/printable.h"
#include "base/read_file.h"

namespace gridloom::nats {
namespace {

constexpr std::string_view kForm = "nats://HOST:PORT[,nats://HOST:PORT...]";
constexpr std::string_view kPort = ":4222";
constexpr std::size_t kMostUrls = 32;
constexpr std::size_t kFileMaxBytes = std::size_t{64} * 1024;
constexpr std::size_t kPasswordMaxBytes = 4096;

Status wrong_url(std::string_view url, std::string_view why) {
  return fail(ErrorCode::kBadParams, fmt::format("{} is no address of NATS: {}; it has the form {}",
                                                 printable(url), why, kForm));
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Whether a port ends the address; an IPv6 address is in brackets.
bool has_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  return colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
}

Status check_readable(const std::filesystem::path& path) {
  GL_TRY(read_file(path, kFileMaxBytes));
  return {};
}

Status check_secret(const std::filesystem::path& path) {
  GL_TRY(check_readable(path));
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) {
    return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", path.string()));
  }
  return only_for_its_owner(path, facts.st_mode);
}

}  // namespace

Result<ConnectionSettings> ConnectionSettings::parse(const Source& source) {
  ConnectionSettings settings;
  GL_TRY(settings.take_urls(source.urls));
  GL_TRY(settings.take_user(source));
  GL_TRY(settings.take_files(source));
  return settings;
}

Status ConnectionSettings::take_urls(std::string_view urls) {
  if (urls.empty()) return wrong_url("an empty text", "it names no host");
  for (const auto part : std::views::split(urls, ',')) {
    const std::string_view url(part.begin(), part.end());
    const bool is_tls = url.starts_with("tls://");
    if (!is_tls && !url.starts_with("nats://")) {
      // It may have a password.
      return wrong_url(url.contains('@') ? "the URL" : url, "it does not begin with nats://");
    }
    std::string_view host = url.substr(url.find("://") + 3);
    if (host.contains('@')) {
      return wrong_url("the URL", "a user or a password is given by options and files");
    }
    if (host.ends_with('/')) host.remove_suffix(1);
    if (host.empty() || host.starts_with(':')) return wrong_url(url, "it names no host");
    if (has_port(host) && !is_port(host.substr(host.rfind(':') + 1))) {
      return wrong_url(url, "its port is no number");
    }
    const std::string address = fmt::format("{}{}", host, has_port(host) ? "" : kPort);
    has_tls_ = has_tls_ || is_tls;
    urls_.push_back(fmt::format("{}://{}", is_tls ? "tls" : "nats", address));
    description_ += (description_.empty() ? "" : ",") + address;
  }
  if (urls_.size() > kMostUrls) {
    return fail(ErrorCode::kBadParams, fmt::format("more than {} addresses of NATS", kMostUrls));
  }
  return {};
}

Status ConnectionSettings::take_user(const Source& source) {
  if (source.user.empty() != source.password_file.empty()) {
    return fail(ErrorCode::kBadParams, "a user of NATS needs a password file, and the other way");
  }
  if (!source.user.empty() && !source.credentials_file.empty()) {
    return fail(ErrorCode::kBadParams,
                "a connection with NATS has a user or a file of credentials, not both");
  }
  user_ = source.user;
  if (!source.password_file.empty()) {
    GL_TRY(check_secret(source.password_file));
    GL_TRY(auto content, read_file(source.password_file, kPasswordMaxBytes));
    std::string line = content.substr(0, content.find_first_of("\r\n"));
    wipe(content);
    if (line.empty()) {
      return fail(ErrorCode::kBadParams, fmt::format("{}: its first line, the password, is empty",
                                                     source.password_file.string()));
    }
    password_ = Secret(std::move(line));
  }
  if (!source.credentials_file.empty()) {
    GL_TRY(check_secret(source.credentials_file));
    credentials_file_ = source.credentials_file;
  }
  return {};
}

Status ConnectionSettings::take_files(const Source& source) {
  if (source.certificate_file.empty() != source.key_file.empty()) {
    return fail(ErrorCode::kBadParams, "a certificate needs its key, and the other way");
  }
  for (const auto& path : {source.ca_file, source.certificate_file}) {
    if (path.empty()) continue;
    GL_TRY(check_readable(path));
    has_tls_ = true;
  }
  if (!source.key_file.empty()) {
    GL_TRY(check_secret(source.key_file));
  }
  ca_file_ = source.ca_file;
  certificate_file_ = source.certificate_file;
  key_file_ = source.key_file;
  return {};
}

}  // namespace gridloom::nats
