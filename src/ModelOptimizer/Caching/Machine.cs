using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ModelOptimizer.Caching;

/// <summary>The kind of machine, as far as kernels choose by it: others round sums otherwise, and with them ranges and metrics.</summary>
internal static class Machine
{
    public static string Tag { get; } = string.Join(' ', [System, RuntimeInformation.ProcessArchitecture.ToString(), .. InstructionSets()]);

    private static string System => OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";

    private static IEnumerable<string> InstructionSets() =>
        new (string Name, bool IsSupported)[]
        {
            ("avx", Avx.IsSupported), ("fma", Fma.IsSupported), ("avx2", Avx2.IsSupported), ("avx-vnni", AvxVnni.IsSupported),
            ("avx512f", Avx512F.IsSupported), ("avx512bw", Avx512BW.IsSupported), ("avx512vbmi", Avx512Vbmi.IsSupported),
            ("avx10", Avx10v1.IsSupported),
            ("neon", AdvSimd.IsSupported), ("dp", Dp.IsSupported),
        }.Where(set => set.IsSupported).Select(set => set.Name);
}
