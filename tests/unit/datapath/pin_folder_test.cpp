// SPDX-License-Identifier: MIT
#include "agent/datapath/pin_folder.hpp"

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

namespace fs = std::filesystem;

// What concerns names only: pins themselves need a BPF file system.
class PinFolders : public ::testing::Test {
  protected:
    PinFolders() {
        std::string pattern = (fs::temp_directory_path() / "tollgate-pins-XXXXXX").string();
        folder = ::mkdtemp(pattern.data());
    }
    void TearDown() override { fs::remove_all(folder); }

    fs::path folder;
};

TEST_F(PinFolders, AnInterfaceFolderTellsItsInterfaceAndZone) {
    const PinFolder pins = PinFolder::open(folder / "pins").value();
    ASSERT_TRUE(pins.make_interface("wan-eth0.100", 7));
    const auto found = pins.interfaces();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].interface, "wan-eth0.100");
    EXPECT_EQ(found[0].zone, 7);
    EXPECT_EQ(found[0].folder.filename().string().find('.'), std::string::npos);
}

TEST_F(PinFolders, OtherFoldersAndFilesAreNoInterfaces) {
    for (const char* name : {"slot_0",
                             "eth0",
                             "eth0-",
                             "-0",
                             "eth0-16",
                             "eth0-x",
                             "eth0-0x",
                             "a-name-that-is-too-long-0"}) {
        fs::create_directory(folder / name);
    }
    const std::ofstream file{folder / "flows-1"};
    EXPECT_TRUE(interface_pins_in(folder).empty());
    EXPECT_TRUE(interface_pins_in(folder / "none").empty());
}

// Case S01
TEST_F(PinFolders, OnlyItsOwnerMayLookIntoIt) {
    const PinFolder pins = PinFolder::open(folder / "pins").value();
    EXPECT_EQ(fs::status(folder / "pins").permissions(), fs::perms::owner_all);
    EXPECT_EQ(fs::status(pins.table(1, "hosts").parent_path()).permissions(), fs::perms::owner_all);
}

TEST_F(PinFolders, HasOneOwnerAtATime) {
    {
        const PinFolder pins = PinFolder::open(folder / "pins").value();
        const auto second = PinFolder::open(folder / "pins");
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code.value(), EBUSY);
    }
    EXPECT_TRUE(PinFolder::open(folder / "pins"));
}

TEST_F(PinFolders, RemovingAPinThatIsNotThereIsFine) {
    EXPECT_TRUE(remove_pin(folder / "none"));
    EXPECT_FALSE(remove_pin(folder));
}

}  // namespace
}  // namespace tollgate::agent
