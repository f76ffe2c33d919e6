using System.Runtime.InteropServices;
using ModelOptimizer.Caching;

namespace ModelOptimizer.Tests.Caching;

/// <summary>The kind of machine, against what the system itself tells of it.</summary>
internal sealed class MachineTests
{
    [TestCase("avx2", "avx2")]
    [TestCase("avx-vnni", "avx_vnni")]
    [TestCase("avx512-vnni", "avx512_vnni")]
    [TestCase("amx-int8", "amx_int8")]
    [Platform("Linux")]
    public void What_kernels_choose_by_is_in_the_tag(string name, string flag)
    {
        Assume.That(RuntimeInformation.ProcessArchitecture, Is.EqualTo(Architecture.X64));
        var flags = File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith("flags", StringComparison.Ordinal)).Split(' ');

        Assert.That(Machine.Tag.Split(' ').Contains(name), Is.EqualTo(flags.Contains(flag)));
    }
}
