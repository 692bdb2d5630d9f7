// Messages of multicast DNS: those of the network, broken and hostile ones, and what an announcer
// says to them.
#include "bridges/meter/dns_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/meter/announcer.h"

namespace gridloom::bridges::meter {
namespace {

using namespace std::string_literals;
using dns::Name;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kMulticast = Announcer::Form::kMulticast;
constexpr auto kUnicast = Announcer::Form::kUnicast;

std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
}

std::string query_of(const std::vector<std::pair<Name, unsigned>>& questions,
                     std::string_view known = {}, unsigned known_count = 0, unsigned id = 0) {
  std::string out = u16(id) + u16(0) + u16(static_cast<unsigned>(questions.size())) +
                    u16(known_count) + u16(0) + u16(0);
  for (const auto& [name, type] : questions) out += dns::encoded(name) + u16(type) + u16(1);
  return out.append(known);
}

std::string known_pointer(const Name& name, unsigned ttl_s, const Name& target) {
  const std::string data = dns::encoded(target);
  return dns::encoded(name) + u16(dns::kTypePtr) + u16(1) + u16(0) + u16(ttl_s) +
         u16(static_cast<unsigned>(data.size())) + data;
}

const Name kType = {"_everhome", "_tcp", "local"};
const Name kInstance = {"ecotracker-1", "_everhome", "_tcp", "local"};

Announcer announcer() {
  return Announcer({.instance = "ecotracker-1",
                    .types = {"_everhome._tcp"},
                    .host = "ecotracker-1",
                    .ip = {192, 0, 2, 7},
                    .port = 80,
                    .texts = {"ip=192.0.2.7", "productid=1137"}});
}

struct Counts {
  unsigned questions = 0;
  unsigned answers = 0;
  unsigned additional = 0;
};
Counts counts_of(std::string_view message) {
  const auto at = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(message[i])) * 256 +
           static_cast<unsigned char>(message[i + 1]);
  };
  return {.questions = at(4), .answers = at(6), .additional = at(10)};
}

TEST(DnsMessage, ReadsNamesWithAndWithoutCompression) {
  // The second name is "printer", and behind it the first name's end at byte 22.
  std::string message = query_of({{kType, dns::kTypePtr}});
  message[5] = 2;
  message += "\x07printer\xc0\x0c"s + u16(dns::kTypeSrv) + u16(0x8001);
  const auto query = dns::parse_query(message);
  ASSERT_TRUE(query) << query.error().detail;
  ASSERT_EQ(query->questions.size(), 2U);
  EXPECT_EQ(query->questions[0].name, kType);
  EXPECT_THAT(query->questions[1].name, ElementsAre("printer", "_everhome", "_tcp", "local"));
  EXPECT_EQ(query->questions[1].query_class, dns::kClassInternet) << "without the topmost bit";
}

TEST(DnsMessage, RefusesWhatIsNoMessage) {
  const std::string header = u16(0) + u16(0) + u16(1) + u16(0) + u16(0) + u16(0);
  const std::string tail = u16(dns::kTypePtr) + u16(1);
  struct Case {
    std::string_view what;
    std::string bytes;
  };
  const std::vector<Case> cases = {
      {"nothing", ""},
      {"half a header", header.substr(0, 7)},
      {"a name that ends early", header + "\x05"
                                          "ab"s},
      {"a name without an end", header + "\x02"
                                         "ab"s},
      {"a pointer to itself", header + "\xc0\x0c"s + tail},
      {"a pointer forwards", header + "\xc0\x20"s + tail + std::string(40, '\0')},
      {"a pointer that leads back to its own name", header +
                                                        "\x01"
                                                        "a\xc0\x0c"s +
                                                        tail},
      {"half a pointer", header + "\xc0"s},
      {"a label of a reserved form", header +
                                         "\x80"
                                         "ab\0"s +
                                         tail},
      {"a name longer than names are",
       [&] {
         std::string long_name;
         for (int i = 0; i < 8; ++i) long_name += "\x20" + std::string(32, 'x');
         return header + long_name + '\0' + tail;
       }()},
      {"more questions than it has", u16(0) + u16(0) + u16(9) + u16(0) + u16(0) + u16(0)},
      {"too many questions",
       query_of(std::vector<std::pair<Name, unsigned>>(dns::kMaxEntries + 1, {{"a"}, 1}))},
      {"a long one", std::string(dns::kMaxMessage + 1, '\0')},
  };
  for (const Case& each : cases) {
    EXPECT_FALSE(dns::parse_query(each.bytes)) << each.what;
    EXPECT_THAT(announcer().answer(each.bytes, kMulticast), IsEmpty()) << each.what;
  }
}

TEST(DnsMessage, TakesAsManyQuestionsAsAreAllowed) {
  EXPECT_TRUE(dns::parse_query(
      query_of(std::vector<std::pair<Name, unsigned>>(dns::kMaxEntries, {{"a"}, 1}))));
}

TEST(Announcer, AnswersForItsOwnNamesOnly) {
  struct Case {
    std::string_view what;
    Name name;
    unsigned type;
    unsigned answers;
    unsigned additional;
  };
  const std::vector<Case> cases = {
      {"its type", kType, dns::kTypePtr, 1, 3},
      {"its type in capitals", {"_EVERHOME", "_TCP", "Local"}, dns::kTypePtr, 1, 3},
      {"all types", {"_services", "_dns-sd", "_udp", "local"}, dns::kTypePtr, 1, 3},
      {"its port", kInstance, dns::kTypeSrv, 1, 2},
      {"its texts", kInstance, dns::kTypeTxt, 1, 0},
      {"all of it", kInstance, dns::kTypeAny, 2, 1},
      {"its address", {"ecotracker-1", "local"}, dns::kTypeA, 1, 0},
      {"another host", {"ecotracker-2", "local"}, dns::kTypeA, 0, 0},
      {"another type", {"_shelly", "_tcp", "local"}, dns::kTypePtr, 0, 0},
      {"an address of IPv6", {"ecotracker-1", "local"}, 28, 0, 0},
  };
  for (const Case& each : cases) {
    const std::string answer = announcer().answer(query_of({{each.name, each.type}}), kMulticast);
    if (each.answers == 0) {
      EXPECT_THAT(answer, IsEmpty()) << each.what;
      continue;
    }
    ASSERT_GE(answer.size(), 12U) << each.what;
    EXPECT_EQ(counts_of(answer).answers, each.answers) << each.what;
    EXPECT_EQ(counts_of(answer).additional, each.additional) << each.what;
    EXPECT_EQ(counts_of(answer).questions, 0U) << each.what;
  }
  EXPECT_THAT(announcer().answer(query_of({{kInstance, dns::kTypeTxt}}), kMulticast),
              HasSubstr("\x0eproductid=1137"));
}

TEST(Announcer, IsSilentAboutAnAnswerThatTheAskerHasForAWhileYet) {
  const auto answer_to = [](unsigned ttl_s, const Name& target) {
    return announcer().answer(
        query_of({{kType, dns::kTypePtr}}, known_pointer(kType, ttl_s, target), 1), kMulticast);
  };
  EXPECT_THAT(answer_to(Announcer::kPointerTtl_s / 2, kInstance), IsEmpty());
  EXPECT_THAT(answer_to(Announcer::kPointerTtl_s / 2 - 1, kInstance), Not(IsEmpty()));
  EXPECT_THAT(answer_to(Announcer::kPointerTtl_s, {"other", "_everhome", "_tcp", "local"}),
              Not(IsEmpty()));
}

TEST(Announcer, APlainClientGetsItsQuestionBack) {
  const std::string answer =
      announcer().answer(query_of({{kType, dns::kTypePtr}}, {}, 0, 0x1234), kUnicast);
  ASSERT_GE(answer.size(), 12U);
  EXPECT_EQ(answer.substr(0, 2), u16(0x1234));
  EXPECT_EQ(counts_of(answer).questions, 1U);
}

TEST(Announcer, ComesAndGoes) {
  const std::string hello = announcer().announcement();
  const std::string bye = announcer().goodbye();
  EXPECT_EQ(counts_of(hello).answers, 5U);
  EXPECT_EQ(counts_of(bye).answers, 5U);
  EXPECT_EQ(hello.size(), bye.size());
  EXPECT_NE(hello, bye) << "its records live no longer";
  EXPECT_TRUE(dns::parse_query(hello).value().is_response);
  EXPECT_THAT(announcer().answer(hello, kMulticast), IsEmpty()) << "a response is no question";
}

}  // namespace
}  // namespace gridloom::bridges::meter
