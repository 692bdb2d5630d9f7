// Converts a home file's text to a VirtualHome, and finds homes by id or path.
//
// The sites of an included home are read before the file's own; then the devices of each site are
// checked against each other (home_site.h), and at last those of all sites get the serial numbers
// and names that the files leave out.
#include "catalog/home.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "base/read_file.h"
#include "catalog/entry.h"
#include "catalog/home_keys.h"
#include "catalog/home_site.h"
#include "catalog/words.h"
#include "catalog/yaml_tree.h"

namespace gridloom::catalog {
namespace {

constexpr std::size_t kMaxHomeTitle = 64;  // characters
constexpr std::size_t kMaxDescription = 1000;
constexpr std::string_view kInclude = "include";

std::string_view id_of(const EmbeddedFile& file) {
  return file.name.substr(0, file.name.rfind('.'));
}

// ---- an included home

// The file of an included home. Its entry refers to its other members.
class Included {
 public:
  Included(const EmbeddedFile& file, YamlDocument document)
      : mistakes_(file.name),
        document_(std::move(document)),
        entry_(document_.root, "", mistakes_, SectionId::kHome) {}
  Included(const Included&) = delete;
  Included& operator=(const Included&) = delete;
  ~Included() = default;

  [[nodiscard]] const Entry& entry() const { return entry_; }
  [[nodiscard]] const Mistakes& mistakes() const { return mistakes_; }

 private:
  Mistakes mistakes_;
  YamlDocument document_;
  Entry entry_;
};

YamlDocument document_of(const EmbeddedFile& file) {
  return read_yaml(file.text, {.bytes = kMaxHomeFile});
}

// The homes that a file may include.
std::vector<std::string_view> includable() {
  std::vector<std::string_view> ids;
  for (const EmbeddedFile& file : embedded_homes()) {
    if (document_of(file).root.find(kInclude) == nullptr) ids.push_back(id_of(file));
  }
  return ids;
}

void read_include(const Entry& file, std::optional<Included>& to) {
  std::string id;
  file.text(kInclude, id);
  if (!file.has(kInclude) || file.find(kInclude)->kind != YamlNode::Kind::kScalar) return;
  for (const EmbeddedFile& home : embedded_homes()) {
    if (id_of(home) != id) continue;
    YamlDocument document = document_of(home);
    if (document.root.find(kInclude) == nullptr) {
      to.emplace(home, std::move(document));
      return;
    }
    return file.mistake(kInclude,
                        fmt::format("\"{}\" includes a home itself, which an included one must "
                                    "not: must be {}",
                                    id, joined_or(includable())));
  }
  file.mistake(kInclude, fmt::format("\"{}\" must be {}", id, one_of(id, includable())));
}

// ---- a home

class HomeReader {
 public:
  HomeReader(const Entry& file, const Catalog& catalog, VirtualHome& home)
      : file_(file), catalog_(catalog), home_(home) {}

  void read() {
    read_text_of(file_, "home", kMaxHomeTitle, home_.title);
    read_text_of(file_, "description", kMaxDescription, home_.description);
    read_include(file_, included_);
    if (included_) read_sites(included_->entry());
    included_sites_ = home_.sites.size();
    read_sites(file_);
    for (std::size_t k = 0; k < devices_.size(); ++k) {
      check_site(home_.sites[k], devices_[k]);
      find_units(devices_[k]);
    }
    check_sizes();
    complete();
    check_unique();
    if (included_ && !included_->mistakes().none()) {
      file_.mistake(kInclude, included_->mistakes().fault().detail);
    }
    for (std::size_t k = 0; k < devices_.size(); ++k) {
      for (Placed& one : devices_[k]) home_.sites[k].devices.push_back(std::move(one.device));
    }
  }

 private:
  void read_sites(const Entry& file) {
    file.members("sites",
                 [&](const std::string& name, const YamlNode& value, const std::string& path) {
                   read_one(name, Entry(value, path, file.mistakes(), SectionId::kSite));
                 });
  }

  void read_one(const std::string& name, const Entry& entry) {
    if (const auto known = included_site(name)) {
      add_to_site(entry, included_->mistakes().file(), catalog_, home_.sites[*known],
                  devices_[*known]);
      return;
    }
    if (devices_.size() == kMaxHomeSites) return;  // check_sizes() says so
    if (!is_id(name)) entry.mistake("", fmt::format("\"{}\" {}", name, kIdWords));
    Site& site = home_.sites.emplace_back();
    site.name = name;
    read_site(entry, catalog_, site, devices_.emplace_back());
  }

  // The index of the included home's site of this name.
  [[nodiscard]] std::optional<std::size_t> included_site(std::string_view name) const {
    for (std::size_t k = 0; k < included_sites_; ++k) {
      if (home_.sites[k].name == name) return k;
    }
    return std::nullopt;
  }

  void check_sizes() const {
    const YamlNode* own = file_.find("sites");
    if (own == nullptr || own->kind != YamlNode::Kind::kMapping) return;  // reported
    std::size_t sites = included_sites_;
    std::size_t devices = 0;
    const auto count_devices = [&](const YamlMember& site) {
      const YamlNode* list = site.value.find("devices");
      if (list != nullptr) devices += list->items.size();
    };
    for (const YamlMember& site : own->members) {
      if (!included_site(site.key)) ++sites;
      count_devices(site);
    }
    const YamlNode* included = included_ ? included_->entry().find("sites") : nullptr;
    if (included != nullptr) std::ranges::for_each(included->members, count_devices);
    if (sites > kMaxHomeSites) {
      file_.mistake("sites",
                    fmt::format("has {} sites: must have at most {}", sites, kMaxHomeSites));
    }
    if (devices == 0) file_.mistake("sites", "has no device");
    if (devices > kMaxHomeDevices) {
      file_.mistake("sites",
                    fmt::format("has {} devices: must have at most {}", devices, kMaxHomeDevices));
    }
  }

  // The included home's devices come first: what the file adds renumbers none of them.
  void each_device(const auto& on_device) {
    for (const bool is_own : {false, true}) {
      for (std::vector<Placed>& of_site : devices_) {
        for (Placed& one : of_site) {
          if ((&one.entry.mistakes() == &file_.mistakes()) == is_own) on_device(one);
        }
      }
    }
  }

  // Gives a device without a serial number or name that of its number among the home's devices of
  // its family.
  void complete() {
    std::map<const Family*, std::size_t> totals;
    std::map<const Family*, std::size_t> numbers;
    each_device([&](const Placed& one) { ++totals[one.device.family.get()]; });
    each_device([&](Placed& one) {
      SiteDevice& device = one.device;
      if (device.family == nullptr) return;
      const Family& family = *device.family;
      const std::size_t number = ++numbers[&family];
      if (!one.entry.has("sn")) device.sn = simulated_sn(family, number);
      if (one.entry.has("name")) return;
      device.name = family.product.empty() ? family.id : family.product;
      if (totals[&family] > 1) device.name += fmt::format(" {}", number);
    });
  }

  void check_unique() {
    std::map<std::string_view, const Placed*> names;  // and the device that has it
    std::map<std::string_view, const Placed*> serial_numbers;
    const auto check = [](const Placed& one, std::string_view key, std::string_view value,
                          std::map<std::string_view, const Placed*>& known) {
      if (value.empty()) return;  // reported
      const auto [at, fresh] = known.emplace(value, &one);
      if (fresh) return;
      one.entry.mistake(
          key, fmt::format("\"{}\" is that of {} already", value, path_of(*at->second, one.entry)));
    };
    each_device([&](const Placed& one) {
      check(one, "name", one.device.name, names);
      check(one, "sn", one.device.sn, serial_numbers);
      for (const Pack& pack : one.device.packs) check(one, "packs", pack.sn, serial_numbers);
    });
  }

  const Entry& file_;
  const Catalog& catalog_;
  VirtualHome& home_;
  std::optional<Included> included_;
  std::size_t included_sites_ = 0;  // of home_.sites: the first ones are the included home's
  std::vector<std::vector<Placed>> devices_;  // of each site; they refer to included_
};

}  // namespace

std::vector<const PhysicsPart*> pack_parts(const Family& family) {
  std::vector<const PhysicsPart*> packs;
  for (const PhysicsPart& part : family.physics) {
    if (part.number("pack")) packs.push_back(&part);
  }
  return packs;
}

std::size_t pv_inputs_of(const Family& family) {
  return static_cast<std::size_t>(
      std::ranges::count(family.physics, PartKind::kPvInput, &PhysicsPart::kind));
}

std::string_view plug_name(const SiteDevice& device) {
  switch (device.plug) {
    case Plug::kMeter:
      return kMeterWord;
    case Plug::kFeedIn:
    case Plug::kUnit:
      return kFeedInWord;
    case Plug::kDc:
      return kDcWord;
    case Plug::kOffGrid:
      return kOffGridWord;
    case Plug::kCircuit:
      break;
  }
  return kHomeCircuits.at(device.circuit);
}

std::vector<std::string_view> circuit_names(std::uint32_t circuits) {
  std::vector<std::string_view> names;
  for (std::size_t k = 0; k < kHomeCircuits.size(); ++k) {
    if ((circuits >> k & 1U) != 0) names.push_back(kHomeCircuits[k]);
  }
  return names;
}

Result<VirtualHome> load_home(std::string_view file_name, std::string_view text,
                              const Catalog& catalog) {
  Mistakes mistakes(file_name);
  const YamlDocument document = read_yaml(text, {.bytes = kMaxHomeFile});
  if (!document.mistake.what.empty()) {
    mistakes.add(document.mistake.line, "", document.mistake.what);
    return std::unexpected(mistakes.fault());
  }
  const Entry file(document.root, "", mistakes, SectionId::kHome);
  VirtualHome home;
  HomeReader(file, catalog, home).read();
  if (!mistakes.none()) return std::unexpected(mistakes.fault());
  return home;
}

Result<VirtualHome> find_home(const std::string& id_or_path, const Catalog& catalog) {
  if (id_or_path.find_first_of("/.") != std::string::npos) {
    GL_TRY(const auto text, read_text(id_or_path, kMaxHomeFile));
    return load_home(id_or_path, text, catalog);
  }
  const std::vector<EmbeddedFile> homes = embedded_homes();
  std::vector<std::string_view> ids;
  for (const EmbeddedFile& file : homes) {
    ids.push_back(id_of(file));
    if (ids.back() == id_or_path) return load_home(file.name, file.text, catalog);
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("there is no home \"{}\": must be {}, or a file such as ./flat.yaml{}",
                          id_or_path, joined_or(ids), did_you_mean(id_or_path, ids)));
}

}  // namespace gridloom::catalog
