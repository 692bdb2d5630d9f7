// The messages by which multicast DNS knows one service on this host (RFC 6762, RFC 6763): answers
// to queries for its own names, without those that the asker has already; the announcement, and the
// goodbye.
//
// Not here: probing whether another host has the names, and any name that is not the service's
// own. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/meter/dns_message.h"

namespace gridloom::bridges::meter {

struct AnnouncedService {
  std::string instance;            // "ecotracker-0123456789ab"
  std::vector<std::string> types;  // "_everhome._tcp", two labels each
  std::string host;                // without ".local"
  std::array<std::uint8_t, 4> ip{};
  std::uint16_t port = 0;
  std::vector<std::string> texts{};  // "productid=1137"
};

class Announcer {
 public:
  static constexpr std::uint32_t kHostTtl_s = 120;      // of records with a host or an address
  static constexpr std::uint32_t kPointerTtl_s = 4500;  // of the others

  explicit Announcer(const AnnouncedService& service);

  // How the asker gets the answer: at the group's address, or, a plain DNS client that asks from
  // another port than 5353, at its own, with its question and short lives.
  enum class Form : std::uint8_t { kMulticast, kUnicast };
  // The bytes of the response; empty: there is nothing to say.
  [[nodiscard]] std::string answer(std::string_view query, Form form) const;
  [[nodiscard]] std::string announcement() const;
  [[nodiscard]] std::string goodbye() const;

 private:
  [[nodiscard]] bool is_asked(const dns::Record& record, const dns::Question& question) const;
  [[nodiscard]] static bool is_known(const dns::Record& record, const dns::Query& query);

  std::vector<dns::Record> records_;
};

}  // namespace gridloom::bridges::meter
