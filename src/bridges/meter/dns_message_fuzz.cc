// Fuzz target: any bytes are a query or are refused, in bounded time and memory; whatever they are,
// what an announcer answers is a message, and says nothing of names that are not its own.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bridges/meter/announcer.h"
#include "bridges/meter/dns_message.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gridloom::bridges::meter;  // NOLINT: a target is one function
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);  // NOLINT
  const auto query = dns::parse_query(bytes);
  if (query) {
    require(query->questions.size() <= dns::kMaxEntries && query->known.size() <= dns::kMaxEntries);
    for (const auto& question : query->questions) {
      require(dns::encoded(question.name).size() <= dns::kMaxName);
    }
  } else {
    require(!query.error().detail.empty());
  }
  const Announcer announcer({.instance = "meter",
                             .types = {"_everhome._tcp"},
                             .host = "meter",
                             .ip = {192, 0, 2, 1},
                             .port = 80,
                             .texts = {"productid=1137"}});
  for (const auto form : {Announcer::Form::kMulticast, Announcer::Form::kUnicast}) {
    const std::string answer = announcer.answer(bytes, form);
    if (answer.empty()) continue;
    require(query.has_value() && !query->is_response);
    const auto told = dns::parse_query(answer);
    require(told.has_value() && told->is_response);
  }
  return 0;
}
