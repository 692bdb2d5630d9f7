// Reads the sites of a home file, and checks the devices of a site against each other. Private to
// catalog.
//
// A site may be of a home that the file includes; the file then adds devices to it. Such a site is
// read in both files and checked once.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/entry.h"
#include "catalog/family.h"
#include "catalog/home.h"

namespace gridloom::catalog {

// A device, and where a file has it. The object that the entry refers to must outlive this.
struct Placed {
  SiteDevice device;
  Entry entry;
};

// "sites.house.devices[0]", with the file if that is not the one of `entry`.
[[nodiscard]] std::string path_of(const Placed& placed, const Entry& entry);

// A line of at most so many characters that people read.
void read_text_of(const Entry& entry, std::string_view key, std::size_t most, std::string& to);

// The place that an address of a meter says; nothing: it is no such address.
[[nodiscard]] std::optional<MeterPlace> meter_place(std::string_view text);

// Reads a site; its devices follow those that are in `devices`.
void read_site(const Entry& entry, const Catalog& catalog, Site& site,
               std::vector<Placed>& devices);
// The same for a site that the file `of_file` describes: the entry may only add devices.
void add_to_site(const Entry& entry, std::string_view of_file, const Catalog& catalog, Site& site,
                 std::vector<Placed>& devices);
// Checks all devices of a site against each other.
void check_site(const Site& site, const std::vector<Placed>& devices);
// Units of the meter's family that feed the site are those of its system.
void find_units(std::vector<Placed>& devices);

}  // namespace gridloom::catalog
