#include "sim/virtual_device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sim/test_bench.h"
#include "sim/test_family.h"

namespace gridloom::sim {
namespace {

using wire::Json;
using wire::JsonObject;

JsonObject body(const VirtualDevice::Message& message) {
  return wire::parse_json(message.payload).value().get_object();
}

// The state that a client knows of a device if it only reads the reports.
class Mirror {
 public:
  explicit Mirror(const catalog::Family& family) : family_(family) {}

  void read(const std::vector<VirtualDevice::Message>& said) {
    for (const VirtualDevice::Message& message : said) {
      if (message.verb == "quota") read(body(message));
    }
  }
  void expect_same(const Fields& fields) const {
    for (const Fields::Entry& entry : fields.entries()) {
      if (!fields.is_shown(entry.slot.index)) continue;
      const auto known = known_.find(said_name(fields, entry.name));
      ASSERT_NE(known, known_.end()) << entry.name;
      EXPECT_EQ(wire::to_text(known->second), wire::to_text(fields.get(entry.slot))) << entry.name;
    }
  }

 private:
  static bool carries_group(const catalog::Report& report, const JsonObject& message) {
    const std::string group = std::string(message.begin()->key()) + '.';
    return std::ranges::any_of(report.fields,
                               [&](const std::string& field) { return field.starts_with(group); });
  }
  void read(const JsonObject& message) {
    const bool bare = family_.messages.report_body.empty();
    const auto report = std::ranges::find_if(family_.reports, [&](const catalog::Report& each) {
      if (bare) return each.carries(message.begin()->key()) || carries_group(each, message);
      return std::ranges::all_of(each.match, [&](const auto& member) {
        const Json* value = message.if_contains(member.first);
        return value != nullptr && *value == member.second;
      });
    });
    ASSERT_NE(report, family_.reports.end()) << wire::to_text(message);
    std::string prefix = report->prefix;
    if (!report->module.empty()) {
      prefix += std::string(message.at(report->module).get_string()) + '.';
    }
    JsonObject values = bare ? message : message.at(family_.messages.report_body).get_object();
    if (report->also_flat) expect_repeated(values);
    keep(prefix, values);
  }
  // Removes the values under full names, each of which must also be in the groups.
  static void expect_repeated(JsonObject& values) {
    const JsonObject all = values;
    for (const auto& [name, value] : all) {
      const Json* nested = &all.at(name.substr(0, name.find('.')));
      for (std::size_t dot = name.find('.'); dot != std::string_view::npos;) {
        const std::size_t next = name.find('.', dot + 1);
        nested = &nested->at(
            name.substr(dot + 1, next == std::string_view::npos ? next : next - dot - 1));
        dot = next;
      }
      EXPECT_EQ(*nested, value) << std::string_view(name);
      if (name.contains('.')) values.erase(name);
    }
  }
  void keep(const std::string& prefix, const JsonObject& values) {
    for (const auto& [key, value] : values) {
      const std::string name = prefix + std::string(key);
      const catalog::Field* field = family_.field(name);
      if (family_.messages.nested && field == nullptr) {
        keep(name + '.', value.get_object());
      } else if (field != nullptr && field->one_as_object && value.is_object()) {
        known_[name] = wire::JsonArray{value};
      } else {
        known_[name] = value;
      }
    }
  }

  const catalog::Family& family_;
  std::map<std::string, Json, std::less<>> known_;
};

TEST(VirtualDevice, TellsEverythingOnConnectAndEveryChangeAfterwards) {
  for (const std::string& id : shipped_families()) {
    SCOPED_TRACE(id);
    Bench bench(family_of(id));
    Mirror mirror(bench.family());
    bench.connect();
    std::size_t messages = 0;
    for (const catalog::Report& report : bench.family().reports) {
      // Those of extra batteries, which this device has not, are not sent.
      const bool has_fields =
          std::ranges::any_of(bench.fields().entries(), [&](const Fields::Entry& entry) {
            return bench.fields().is_shown(entry.slot.index) && report.carries(entry.field->name);
          });
      if (!has_fields) continue;
      const std::string_view group =
          std::string_view(report.prefix).substr(0, report.prefix.find('.'));
      messages += report.module.empty() ? 1 : bench.fields().modules(group).size();
    }
    EXPECT_EQ(bench.said.size(), messages);
    mirror.read(bench.said);
    mirror.expect_same(bench.fields());
    for (int k = 0; k < 200; ++k) {
      bench.said.clear();
      bench.step(Millis{k % 3 == 0 ? 60'000 : 2000});
      mirror.read(bench.said);
      mirror.expect_same(bench.fields());
    }
  }
}

std::size_t values_in(const std::vector<VirtualDevice::Message>& said) {
  std::size_t count = 0;
  for (const VirtualDevice::Message& message : said) {
    count += body(message).at("params").get_object().size();
  }
  return count;
}

TEST(VirtualDevice, TellsChangesOnlyAndOnceAMinuteEverything) {
  Bench bench(family_of("delta_2"));
  bench.connect();
  const std::size_t everything = values_in(bench.said);
  // All but the fields of an extra battery, which this device has not.
  EXPECT_EQ(everything, std::ranges::count_if(bench.fields().entries(), [&](const auto& entry) {
              return bench.fields().is_shown(entry.slot.index);
            }));
  int full = 0;
  for (int second = 2; second <= 180; second += 2) {
    bench.said.clear();
    bench.step(Millis{2000});
    const std::size_t count = values_in(bench.said);
    if (count == everything) {
      ++full;
      EXPECT_EQ(second % 60, 0);
    } else {
      EXPECT_LT(count, everything / 2) << second;
    }
  }
  EXPECT_EQ(full, 3);
}

TEST(VirtualDevice, SaysNothingWhileNothingChanges) {
  Bench bench(test_family());
  bench.connect();
  EXPECT_EQ(bench.said.size(), 3U);
  bench.said.clear();
  for (int second = 2; second < 60; second += 2) bench.step(Millis{2000});
  EXPECT_TRUE(bench.said.empty());
  bench.step(Millis{2000});
  EXPECT_EQ(bench.said.size(), 3U);
}

TEST(VirtualDevice, DoesNotMakeUpForTimeThatItMissedNorGoBackwards) {
  Bench bench(family_of("delta_2"));
  bench.set(R"({"moduleType":5,"operateType":"acChgCfg","params":{"chgPauseFlag":1}})");
  const double before_mah = bench.number("bms_bmsStatus.remainCap");
  bench.step(Millis{10 * kDay_ms});
  EXPECT_NEAR(bench.number("bms_bmsStatus.remainCap"), before_mah, 50);
  bench.said.clear();
  bench.step(Millis{-5000});
  bench.step(Millis{0});
  EXPECT_TRUE(bench.said.empty());
}

TEST(VirtualDevice, FillsTheEnvelopeOfAReport) {
  Bench bench(test_family(), {.sn = "TS0001"});
  bench.connect();
  const JsonObject main = body(bench.said.at(0));
  EXPECT_EQ(main.at("typeCode"), Json("main"));
  EXPECT_EQ(main.at("pack"), Json("P-1"));
  EXPECT_EQ(main.at("time"), Json(1));
  EXPECT_EQ(main.at("at"), Json(unix_ms(bench.now())));
  EXPECT_EQ(main.at("params").at("soc"), Json(60));
  EXPECT_EQ(body(bench.said.at(1)).at("params").at("P-2.amp"), Json(1));
  EXPECT_EQ(body(bench.said.at(1)).at("id").to_number<int>(), main.at("id").to_number<int>() + 1);
}

TEST(VirtualDevice, ReportsWhatASetChangedBeforeItReplies) {
  Bench bench(test_family());
  bench.connect();
  bench.said.clear();
  bench.set(R"({"id":1,"operateType":"direct","params":{"soc":55}})");
  ASSERT_EQ(bench.said.size(), 2U);
  EXPECT_EQ(bench.said.at(0).verb, "quota");
  EXPECT_EQ(body(bench.said.at(0)).at("params"), Json(JsonObject{{"soc", 55}}));
  EXPECT_EQ(bench.said.at(1).verb, "set_reply");
  bench.said.clear();
  bench.set(R"({"id":2,"operateType":"direct","params":{"soc":55}})");
  EXPECT_EQ(bench.said.size(), 1U) << "nothing changed, nothing to report";
}

TEST(VirtualDevice, RepliesInTheFamilysForm) {
  const struct {
    std::string_view what;
    std::string_view set;
    std::string_view reply;
  } rows[] = {
      {"a numeric string becomes a number; what is absent is left out",
       R"({"id":"12345","operateType":"direct","params":{"soc":55}})",
       R"({"id":12345,"version":"1.0","code":"7","operateType":"direct","time":1,)"
       R"("data":{"ack":0,"soc":55,"now":55,"pack":"P-1"}})"},
      {"members of the request at any depth",
       R"({"id":3,"a":{"b":{"c":9}},"operateType":"direct","params":{"both":5,"note":"hello"}})",
       R"({"id":3,"version":"1.0","code":"7","operateType":"direct","note":"hello","far":9,)"
       R"("time":1,"data":{"ack":0,"now":60,"pack":"P-1"}})"},
      {"an id that is no number stays, and a missing one is 0",
       R"({"id":"0x1","operateType":"forms","params":{"level":5}})",
       R"({"id":"0x1","version":"1.0","code":"0","operateType":"forms","time":1,"data":{}})"},
      {"no id", R"({"operateType":"forms","params":{"level":5}})",
       R"({"id":0,"version":"1.0","code":"0","operateType":"forms","time":1,"data":{}})"},
  };
  for (const auto& row : rows) {
    Bench bench(test_family(), {.sn = "TS0001"});
    EXPECT_EQ(Json(bench.set(row.set)), wire::parse_json(row.reply).value()) << row.what;
  }
}

TEST(VirtualDevice, RefusesWhatItDoesNotKnowAndWhatIsOutOfRange) {
  Bench bench(test_family());
  bench.connect();
  bench.said.clear();
  for (const std::string_view set :
       {R"({"id":"7","operateType":"unheardOf","params":{"soc":55}})",
        R"({"id":"7","operateType":"direct","params":{"soc":101}})",
        R"({"id":"7","params":{"soc":55}})", R"({"id":"7","operateType":"direct"})"}) {
    const JsonObject reply = bench.set(set);
    EXPECT_EQ(reply.at("code"), Json("1008")) << set;
    EXPECT_EQ(reply.at("id"), Json(7)) << set;
    EXPECT_FALSE(reply.at("message").get_string().empty()) << set;
  }
  EXPECT_EQ(bench.said.size(), 4U) << "replies only";
  EXPECT_EQ(bench.number("pd.soc"), 60);
}

TEST(VirtualDevice, RefusesEverySetWhereTheFamilyIsReadOnly) {
  Bench bench(family_of("power_ocean"));
  EXPECT_EQ(bench.set(R"({"id":1,"operateType":"any","params":{"a":1}})").at("code"), Json("1008"));
}

TEST(VirtualDevice, ObeysAnythingWhereTheFamilyIsOpen) {
  Bench bench(family_of("generic"));
  bench.connect();
  EXPECT_TRUE(bench.said.empty()) << "it has nothing to report";
  const JsonObject reply = bench.set(R"({"id":"99","cmdSet":32,"params":{"anything":1}})");
  EXPECT_EQ(reply.at("code"), Json("0"));
  EXPECT_EQ(reply.at("id"), Json(99));
  EXPECT_EQ(reply.at("data"), Json(JsonObject{{"ack", 0}}));
}

TEST(VirtualDevice, KeepsQuietWhereASetIsNoObject) {
  Bench bench(test_family());
  VirtualDevice device(std::make_shared<VirtualFamily>(test_family()), "TS1", Chance(1),
                       bench.environment());
  std::vector<VirtualDevice::Message> said;
  for (const std::string_view payload : {"", "[]", "5", "{", "{\"id\":1,}"}) {
    device.on_set(payload, bench.environment(), said);
  }
  EXPECT_TRUE(said.empty());
}

TEST(VirtualDevice, IsTheSameWithTheSameSeed) {
  for (const std::string& id : shipped_families()) {
    const auto told = [&](std::uint64_t seed) {
      Bench bench(family_of(id), {.seed = seed});
      bench.connect();
      for (int k = 0; k < 20; ++k) bench.step(Millis{30'000});
      std::string text;
      for (const VirtualDevice::Message& message : bench.said) text += message.payload;
      return text;
    };
    EXPECT_EQ(told(4), told(4)) << id;
    EXPECT_NE(told(4), told(5)) << id;
  }
}

}  // namespace
}  // namespace gridloom::sim
