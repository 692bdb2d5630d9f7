// The pauses of published clients of the vendor's interface, with which tests compare the mirror's.
#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include "bridges/mirror/rhythm.h"

namespace gridloom::bridges::mirror {

// The pause that a published client keeps between two requests of a kind.
struct PublishedClient {
  std::string_view name;
  Ask ask{};
  Millis pause{};
  bool of_one_device = false;  // otherwise of the account
  std::string_view source;
};
inline constexpr std::array kPublishedClients = {
    PublishedClient{.name = "shuette42/ecoflow-energy-ha",
                    .ask = Ask::kQuotas,
                    .pause = std::chrono::seconds(10),
                    .source = "its README: at least 10 s between calls of quota"},
    PublishedClient{.name = "shuette42/ecoflow-energy-ha",
                    .ask = Ask::kCertificate,
                    .pause = std::chrono::seconds(60),
                    .source = "its README: at most one certificate a minute"},
    PublishedClient{.name = "evcc-io/evcc",
                    .ask = Ask::kQuotas,
                    .pause = std::chrono::seconds(30),
                    .of_one_device = true,
                    .source = "meter/ecoflow.go: a cache of 30 s"},
    PublishedClient{.name = "MichelFR/ha-ecoflow-iot",
                    .ask = Ask::kQuotas,
                    .pause = std::chrono::seconds(60),
                    .of_one_device = true,
                    .source = "const.py: polls each minute"},
};

}  // namespace gridloom::bridges::mirror
