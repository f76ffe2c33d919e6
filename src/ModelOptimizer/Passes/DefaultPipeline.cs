namespace ModelOptimizer.Passes;

/// <summary>The order in which passes run, with the reason for each place. Reflection finds passes by name; order is decided here only.</summary>
public static class DefaultPipeline
{
    /// <summary>
    /// The passes of <c>simplify</c>, repeated until they settle: cleanup, which is <see cref="NumericEffect.Exact"/>, and unless only that is
    /// wanted, folding into weights.
    /// </summary>
    public static IReadOnlyList<IGraphPass> Simplify(SimplifyOptions options) =>
    [
        new EliminateDeadNodes(), // first, so that nothing is computed for what nobody reads
        new EliminateUnusedBranchOutputs(), // the same inside bodies: what computes an output that nobody reads
        new CaptureInvariants(), // a value that a loop only hands on is as good as a constant in its body
        new EliminateUnusedLoopValues(),
        new EliminateUnusedOutputs(),
        new FoldShape(), // lengths become constants for the next ones to compute with
        new FoldReshapeTarget(), // leaves less of what computes shapes
        new ShareShapes(), // what is left of it is computed once
        new FoldConstants(new FoldConstantsOptions { MaxGrowth = options.MaxGrowth }),
        new InlineLoop(), // constant numbers of trips have just been computed, too
        new InlineScan(),
        new InlineIf(), // constant conditions have just been computed; what was a branch is then open to all others
        new EliminateIdentity(), // sees more once shapes and axes are constants
        new MergeTransposes(), // nothing that does nothing stands between moves any more
        new PushTransposes(), // counts those that are left, so after what merges without a condition
        new MergeSlices(), // makes Gathers of Slices
        new MergeGathers(),
        new MergeReshapes(), // after those that may take a Squeeze or Unsqueeze with them
        new MergeReductions(),
        new MergeCasts(),
        new MergeConcats(),
        new MergeConcatParts(),
        new MergePads(),
        new MergeClips(),
        new LiftConstants(), // so that there is one form of constant, shared among bodies
        new DeduplicateInitializers(), // folding makes equal constants
        new EliminateCommonSubexpressions(), // equal constants make equal expressions
        new HoistFromBranches(),
        new NarrowShapes(), // once every length is read in one place
        // On constants, which all of the above make more of; no bias at all, rather than one to fold.
        .. options.Exact ? [] : (IGraphPass[])[new EliminateAddedZeros(), .. WeightFolding()],
        new EliminateDeadNodes(), // what the others left behind
        new EliminateUnusedFunctions(), // dead nodes were the last to call them
        new EliminateUnusedImports(), // and functions the last to use their domains
    ];

    /// <summary>The passes that fold a node into weights beside it. What they write is standard, and never slower.</summary>
    private static IReadOnlyList<IGraphPass> WeightFolding() =>
    [
        new FusePad(), // a Pad stands between a Conv and what follows from it
        new ReplaceFlattenedGemm(), // its sums stand as they are for the next ones
        new FuseMatMulAdd(), // makes a Gemm, which has a bias for the others to fold into
        new FuseConvBatchNormalization(), // what follows the weights comes first: it never depends on padding
        new FuseConvMul(),
        new FuseConvAdd(),
        new FuseGemmBatchNormalization(),
        new FuseGemmMul(),
        new FuseGemmAdd(),
        new FuseBatchNormalizationConv(),
        new FuseAddConv(), // a term stands between the weights and its factor
        new FuseMulConv(),
        new FuseBatchNormalizationGemm(),
        new FuseAddGemm(),
        new FuseMulGemm(),
        new MergeConstantOperands(), // only what no weights took: fewer roundings that reach a whole activation
        new FuseTransposeGemm(),
    ];

    /// <summary>The passes of <c>fuse</c>, repeated until they settle.</summary>
    public static IReadOnlyList<IGraphPass> Fuse(FuseOptions options) =>
    [
        .. Upgrade(options), // decides which operators there are to write
        new FuseLayerNormalization(options), // before anything else takes its squares and square roots
        // Where there is no operator. The ones and zeros stay unless simplify runs again, which takes them away as it did before.
        .. options.Format == FusionFormat.Standard ? (IGraphPass[])[new CompleteLayerNormalization()] : [],
        new CompleteAttention(), // behind normalizations; simplify takes its zeros away again, unless those are operators
        new FuseRmsNormalization(options),
        new FuseGelu(options),
        new FuseFastGelu(options),
        new FuseQuickGelu(options),
        new FuseMish(options),
        new FuseSoftmax(options),
        new FuseLogSoftmax(options), // of a softmax that was just found
        new FuseClip(options), // the next two are made of it
        new FuseHardSwish(options), // takes the part that is a HardSigmoid with it
        new FuseHardSigmoid(options),
        new FuseLeakyRelu(options),
        new FuseRotaryEmbedding(options), // leaves queries and keys in rows, which the next one needs
        new FuseAttention(),
        new ShareShapes(), // tables and masks that were prepared for each layer anew:
        new DeduplicateInitializers(), // their shapes and constants first
        new EliminateCommonSubexpressions(),
        .. WeightFolding(), // behind the formulas, whose factors belong to them
        new FuseScale(), // the same for the scale of attention, which is a part of its formula
        new EliminateDeadNodes(), // shapes that only the formulas read
    ];

    private static IReadOnlyList<IGraphPass> Upgrade(FuseOptions options) => options.TargetOpset is { } version
        ? [new UpgradeOpset(new UpgradeOpsetOptions { Version = version, KeepsNewer = true, KeepsFunctions = true, Location = options.Location })]
        : [];

    /// <summary>Passes without loss that run only where a profile names them.</summary>
    public static IReadOnlyList<Type> OnDemand { get; } =
    [
        typeof(FreezeInputs), // changes the signature
        typeof(FixDimensions), // changes the signature
        typeof(UpgradeOpset), // older runtimes may not load the result
        typeof(OrtOptimize), // its result depends on the runtime's version and the kind of processor
        typeof(InlineFunctions), // a function called often is smaller than its copies
        typeof(FuseSkipLayerNormalization), // the runtime does it itself when it loads a model
        typeof(TieTransposedWeights), // a runtime that does not fold constants would transpose at every run
        typeof(EqualizeWeights), // of use to what quantizes afterwards only
        typeof(SmoothQuant), // the same, and needs data
    ];
}
