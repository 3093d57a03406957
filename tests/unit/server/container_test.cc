#include "server/config/container.h"

#include "tests/unit/server/config_fixture.h"

namespace synap::server::config {
namespace {

class ContainerTest : public ConfigTest {
protected:
    ContainerTest() { write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\n"); }

    uint64_t memory() const { return container_limits(directory_).memory_bytes.value_or(0); }
    unsigned cpus() const { return container_limits(directory_).cpus.value_or(0); }
};

TEST_F(ContainerTest, NoGroupIsNoLimit) {
    EXPECT_EQ(memory(), 0u);
    EXPECT_EQ(cpus(), 0u);
}

TEST_F(ContainerTest, VersionTwoInsideAContainer) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/memory.max", "536870912\n");
    write("sys/fs/cgroup/cpu.max", "150000 100000\n");
    EXPECT_EQ(memory(), 536870912u);
    EXPECT_EQ(cpus(), 2u);
}

TEST_F(ContainerTest, VersionTwoWithoutLimits) {
    write("proc/self/cgroup", "0::/system.slice/synap.service\n");
    write("sys/fs/cgroup/system.slice/synap.service/memory.max", "max\n");
    write("sys/fs/cgroup/system.slice/synap.service/cpu.max", "max 100000\n");
    EXPECT_EQ(memory(), 0u);
    EXPECT_EQ(cpus(), 0u);
}

TEST_F(ContainerTest, TheLowestGroupAboveDecides) {
    write("proc/self/cgroup", "0::/pods/pod1/synap\n");
    write("sys/fs/cgroup/pods/pod1/synap/memory.max", "max\n");
    write("sys/fs/cgroup/pods/pod1/memory.max", "1073741824\n");
    write("sys/fs/cgroup/pods/memory.max", "4294967296\n");
    EXPECT_EQ(memory(), 1073741824u);
}

TEST_F(ContainerTest, VersionOne) {
    write("proc/self/cgroup",
          "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=x:/\n0::/\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n");  // as the container sees it
    write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(memory(), 268435456u);
    EXPECT_EQ(cpus(), 1u);
}

TEST_F(ContainerTest, VersionOneWithoutLimits) {
    write("proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(memory(), 0u);
    EXPECT_EQ(cpus(), 0u);
}

TEST_F(ContainerTest, ALimitNotBelowTheMachinesMemoryIsNone) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/memory.max", "17179869184\n");
    EXPECT_EQ(memory(), 0u);
    write("sys/fs/cgroup/memory.max", "17179869183\n");
    EXPECT_EQ(memory(), 17179869183u);
}

TEST_F(ContainerTest, NonsenseIsNoLimit) {
    write("proc/self/cgroup", "garbage\n:\n4:memory\n0::\n:::::\n");
    write("sys/fs/cgroup/memory.max", "lots\n");
    write("sys/fs/cgroup/cpu.max", "100000 0\n");
    EXPECT_EQ(memory(), 0u);
    EXPECT_EQ(cpus(), 0u);
}

}  // namespace
}  // namespace synap::server::config
