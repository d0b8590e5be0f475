"""Answers as a language model would word them, written by hand for passages written by hand.

The numbers are the default encoder's cosines of a claim and each sentence of its passage, rounded.
"""

from __future__ import annotations

DAM = (
    "The Aswan High Dam was completed in 1970 after ten years of construction. It holds back Lake Nasser, one of "
    "the largest artificial lakes in the world, with a capacity of 132 cubic kilometres. About 100,000 people had"
    " to leave their homes, most of them Nubians. The temples of Abu Simbel were cut into blocks and rebuilt 65 "
    "metres higher by UNESCO engineers. The dam did not reduce the Nile's floods only; it also ended the yearly "
    "supply of fertile silt to the fields downstream."
)
TRIAL = (
    "In a randomised trial of 412 adults with mild hypertension, the new drug lowered systolic pressure by 8.4 "
    "mmHg compared with placebo. No serious adverse events were reported in either group. Dizziness occurred in "
    "18 percent of treated patients and 10 percent of controls. The effect was not significant in patients older "
    "than 75. The authors conclude that longer studies are needed before the drug can be recommended."
)
CURIE = (
    "Marie Curie was born in Warsaw in 1867 and moved to Paris in 1891. She shared the Nobel Prize in Physics in "
    "1903 with her husband Pierre and Henri Becquerel. In 1911 she won a second Nobel Prize, this time in "
    "Chemistry, for the discovery of polonium and radium. During the First World War she equipped mobile X-ray "
    "units for field hospitals. She never patented the radium-isolation process."
)
REVENUE = (
    "The company's revenue rose from $2.1 billion in 2018 to $2.6 billion in 2019. Operating costs grew more "
    "slowly, by only 4 percent, because two factories in Mexico were closed. The board proposed a dividend of 45 "
    "cents per share. Chief executive Laura Kim said the firm would not enter the Chinese market before 2022. "
    "Analysts at Northbridge had expected revenue of $2.4 billion."
)
KAKAPO = (
    "The Kakapo is a flightless parrot that lives only in New Zealand. Adult males weigh up to four kilograms, "
    "which makes it the heaviest parrot in the world. By 1995 only 51 birds were left, most of them on Codfish "
    "Island. Rangers then moved the remaining birds to islands without stoats and rats. In 2022 the population "
    "reached 252, according to the Department of Conservation. The birds breed only in years when the rimu tree "
    "bears much fruit."
)
LEASE = (
    "Section 4 of the lease requires the tenant to give three months' notice in writing. The deposit of 2,400 "
    "euros is returned within 60 days unless there is damage. Pets are not allowed without the consent of the "
    "landlord. The landlord, Meyer Properties, may enter the flat only after giving 24 hours' notice. Rent rises "
    "by two percent every January."
)
BACKUPS = (
    "Version 3.2 of the database added support for encrypted backups. Backups that were made with version 2 "
    "cannot be restored directly and must first be converted with the migrate tool. In our tests, compression "
    "reduced the size of backups by a third but made them 40 percent slower. The default port was changed from "
    "5000 to 5050. Windows 7 is no longer supported."
)
REWORDED = (
    (DAM, "Construction of the Aswan High Dam took ten years and ended in 1970.", (0.82, 0.57, 0.49, 0.56, 0.64)),
    (DAM, "Around 100,000 people, mostly Nubians, were forced to leave their homes.", (0.18, 0.23, 0.58, 0.2, 0.28)),
    (
        DAM,
        "UNESCO engineers cut the temples of Abu Simbel into blocks and rebuilt them 65 m higher.",
        (0.5, 0.46, 0.4, 0.75, 0.49),
    ),
    (
        DAM,
        "Lake Nasser is among the world's largest artificial lakes and has a capacity of 132 cubic kilometres.",
        (0.45, 0.78, 0.53, 0.44, 0.53),
    ),
    (DAM, "The Aswan High Dam holds back Lake Nasser.", (0.72, 0.74, 0.58, 0.62, 0.75)),
    (
        DAM,
        "The dam put an end to the yearly supply of fertile silt to fields downstream.",
        (0.39, 0.34, 0.29, 0.31, 0.48),
    ),
    (
        DAM,
        "The Aswan High Dam was finished in 1970, and it holds back Lake Nasser, "
        "which has a capacity of 132 cubic kilometres.",
        (0.81, 0.85, 0.64, 0.65, 0.76),
    ),
    (
        TRIAL,
        "Compared with placebo, the drug reduced systolic blood pressure by 8.4 mmHg in adults with mild hypertension.",
        (0.88, 0.61, 0.66, 0.66, 0.73),
    ),
    (TRIAL, "There were no serious adverse events in either group.", (0.13, 0.29, 0.17, 0.15, 0.14)),
    (
        TRIAL,
        "Dizziness was reported by 18% of the treated patients, compared with 10% of controls.",
        (0.46, 0.56, 0.7, 0.48, 0.45),
    ),
    (TRIAL, "Among patients over 75, the effect was not statistically significant.", (0.35, 0.47, 0.4, 0.52, 0.38)),
    (TRIAL, "The trial included 412 adults with mild hypertension.", (0.64, 0.51, 0.52, 0.55, 0.5)),
    (
        TRIAL,
        "The authors say that longer studies are needed before recommending the drug.",
        (0.31, 0.29, 0.25, 0.36, 0.59),
    ),
    (TRIAL, "Neither group reported serious adverse events.", (0.21, 0.39, 0.21, 0.22, 0.23)),
    (CURIE, "Marie Curie was born in 1867 in Warsaw.", (0.84, 0.68, 0.64, 0.57, 0.53)),
    (CURIE, "Curie moved to Paris in 1891.", (0.66, 0.49, 0.42, 0.4, 0.32)),
    (
        CURIE,
        "In 1903, Marie Curie shared the Nobel Prize in Physics with Pierre Curie and Henri Becquerel.",
        (0.66, 0.79, 0.72, 0.59, 0.58),
    ),
    (
        CURIE,
        "Curie won her second Nobel Prize in 1911, in Chemistry, for discovering polonium and radium.",
        (0.63, 0.76, 0.86, 0.69, 0.74),
    ),
    (CURIE, "Marie Curie did not patent the process for isolating radium.", (0.5, 0.5, 0.58, 0.56, 0.73)),
    (
        CURIE,
        "During World War I, Curie equipped mobile X-ray units for field hospitals.",
        (0.34, 0.36, 0.44, 0.66, 0.43),
    ),
    (REVENUE, "Revenue increased from $2.1 billion in 2018 to $2.6 billion in 2019.", (0.68, 0.42, 0.28, 0.34, 0.39)),
    (REVENUE, "Revenue grew to $2.6bn in 2019, up from $2.1bn the year before.", (0.69, 0.46, 0.35, 0.35, 0.44)),
    (
        REVENUE,
        "Operating costs rose by just 4% because two factories in Mexico were closed.",
        (0.36, 0.67, 0.21, 0.26, 0.21),
    ),
    (REVENUE, "The board proposed a dividend of $0.45 per share.", (0.45, 0.3, 0.74, 0.38, 0.42)),
    (
        REVENUE,
        "According to chief executive Laura Kim, the firm would not enter the Chinese market before 2022.",
        (0.42, 0.42, 0.32, 0.66, 0.32),
    ),
    (REVENUE, "Analysts at Northbridge had expected $2.4 billion in revenue.", (0.64, 0.46, 0.49, 0.54, 0.75)),
    (REVENUE, "Kim said the company will not enter China before 2022.", (0.34, 0.36, 0.26, 0.6, 0.29)),
    (
        KAKAPO,
        "With a weight of up to four kilograms, it is the world's heaviest parrot.",
        (0.53, 0.81, 0.55, 0.57, 0.6, 0.56),
    ),
    (KAKAPO, "Only 51 kakapo remained by 1995.", (0.48, 0.34, 0.47, 0.43, 0.47, 0.43)),
    (
        KAKAPO,
        "The remaining birds were relocated to islands free of rats and stoats.",
        (0.37, 0.31, 0.49, 0.58, 0.38, 0.42),
    ),
    (
        KAKAPO,
        "The Department of Conservation says the population had reached 252 by 2022.",
        (0.07, 0.16, 0.19, 0.14, 0.4, 0.1),
    ),
    (KAKAPO, "Kakapo breed only when the rimu tree produces a lot of fruit.", (0.52, 0.4, 0.38, 0.44, 0.44, 0.65)),
    (KAKAPO, "In 1995 there were just 51 birds, mostly on Codfish Island.", (0.34, 0.33, 0.58, 0.46, 0.44, 0.37)),
    (LEASE, "Tenants must give written notice of three months.", (0.74, 0.54, 0.45, 0.54, 0.49)),
    (LEASE, "The tenant has to give three months' written notice under Section 4.", (0.72, 0.5, 0.42, 0.52, 0.46)),
    (
        LEASE,
        "The landlord returns the deposit of €2,400 within 60 days, unless there is damage.",
        (0.64, 0.78, 0.46, 0.55, 0.59),
    ),
    (LEASE, "You may not keep pets unless the landlord agrees.", (0.51, 0.45, 0.77, 0.49, 0.47)),
    (LEASE, "Meyer Properties can only enter the flat after giving 24 hours' notice.", (0.5, 0.45, 0.42, 0.68, 0.4)),
    (LEASE, "Every January, the rent increases by 2%.", (0.37, 0.31, 0.26, 0.31, 0.59)),
    (BACKUPS, "Encrypted backups are supported since version 3.2.", (0.81, 0.62, 0.53, 0.42, 0.52)),
    (
        BACKUPS,
        "Backups made with version 2 have to be converted with the migrate tool before they can be restored.",
        (0.55, 0.75, 0.43, 0.46, 0.42),
    ),
    (BACKUPS, "Compression made backups a third smaller, but 40% slower.", (0.39, 0.42, 0.73, 0.37, 0.25)),
    (BACKUPS, "The default port is now 5050 instead of 5000.", (0.12, 0.14, 0.1, 0.51, 0.15)),
    (BACKUPS, "In tests, compression reduced backup size by one third.", (0.36, 0.36, 0.66, 0.34, 0.22)),
    (BACKUPS, "Version 2 backups can't be restored directly.", (0.58, 0.67, 0.42, 0.39, 0.43)),
)
"""Claims that their passage supports."""
WRONG = (
    (DAM, "Construction of the Aswan High Dam took twelve years and ended in 1970.", (0.82, 0.58, 0.49, 0.58, 0.65)),
    (DAM, "Around 100,000 people, mostly Egyptians, were forced to leave their homes.", (0.26, 0.26, 0.54, 0.28, 0.33)),
    (DAM, "UNESCO engineers rebuilt the temples of Abu Simbel 56 m higher.", (0.5, 0.45, 0.4, 0.68, 0.47)),
    (DAM, "The temples of Abu Simbel were rebuilt by Nubian engineers.", (0.42, 0.37, 0.42, 0.62, 0.46)),
    (
        DAM,
        "The Aswan High Dam generates ten billion kilowatt-hours of electricity every year.",
        (0.63, 0.6, 0.53, 0.52, 0.62),
    ),
    (
        TRIAL,
        "Compared with placebo, the drug raised systolic blood pressure by 8.4 mmHg in adults with mild hypertension.",
        (0.85, 0.6, 0.64, 0.65, 0.71),
    ),
    (TRIAL, "Serious adverse events were reported in both groups.", (0.21, 0.49, 0.27, 0.25, 0.27)),
    (
        TRIAL,
        "Dizziness was reported by 10% of the treated patients, compared with 18% of controls.",
        (0.46, 0.55, 0.69, 0.47, 0.44),
    ),
    (TRIAL, "Among patients over 75, the effect was significant.", (0.39, 0.49, 0.45, 0.6, 0.45)),
    (TRIAL, "The trial included 421 adults with mild hypertension.", (0.64, 0.49, 0.5, 0.53, 0.53)),
    (TRIAL, "The authors recommend the drug as a first-line treatment.", (0.36, 0.34, 0.33, 0.37, 0.63)),
    (CURIE, "Marie Curie was born in Paris in 1867.", (0.8, 0.67, 0.6, 0.53, 0.48)),
    (
        CURIE,
        "In 1903, Marie Curie shared the Nobel Prize in Chemistry with Pierre Curie and Henri Becquerel.",
        (0.65, 0.78, 0.72, 0.57, 0.6),
    ),
    (CURIE, "Curie won her second Nobel Prize in 1910.", (0.55, 0.66, 0.66, 0.49, 0.51)),
    (CURIE, "Curie patented the radium-isolation process.", (0.49, 0.53, 0.63, 0.59, 0.8)),
    (CURIE, "Curie died in 1934 of aplastic anaemia.", (0.38, 0.37, 0.35, 0.31, 0.32)),
    (CURIE, "During the Second World War Curie equipped mobile X-ray units.", (0.31, 0.34, 0.45, 0.64, 0.44)),
    (REVENUE, "Revenue decreased from $2.1 billion in 2018 to $2.6 billion in 2019.", (0.62, 0.42, 0.26, 0.33, 0.35)),
    (REVENUE, "Revenue rose to $2.6 million in 2019.", (0.66, 0.4, 0.3, 0.32, 0.4)),
    (REVENUE, "Operating costs rose by 4% because two factories in China were closed.", (0.4, 0.66, 0.28, 0.34, 0.26)),
    (
        REVENUE,
        "The firm will enter the Chinese market before 2022, said chief executive Laura Kim.",
        (0.5, 0.43, 0.33, 0.68, 0.37),
    ),
    (REVENUE, "Analysts at Northbridge had expected revenue of $2.6 billion.", (0.65, 0.47, 0.5, 0.55, 0.76)),
    (REVENUE, "The board rejected a dividend of 45 cents per share.", (0.29, 0.23, 0.6, 0.28, 0.28)),
    (KAKAPO, "The kakapo is a flightless parrot that lives only in Australia.", (0.84, 0.6, 0.65, 0.72, 0.66, 0.7)),
    (KAKAPO, "Adult males weigh up to fourteen kilograms.", (0.17, 0.48, 0.23, 0.26, 0.26, 0.2)),
    (KAKAPO, "By 1995 only 15 birds were left.", (0.27, 0.28, 0.42, 0.41, 0.39, 0.35)),
    (
        KAKAPO,
        "In 2022 the population reached 252, according to the World Wildlife Fund.",
        (0.17, 0.29, 0.29, 0.24, 0.49, 0.21),
    ),
    (
        KAKAPO,
        "Rangers moved the remaining birds to islands with stoats and rats.",
        (0.32, 0.27, 0.45, 0.56, 0.33, 0.36),
    ),
    (KAKAPO, "The kakapo can live for up to 60 years.", (0.56, 0.39, 0.49, 0.5, 0.55, 0.52)),
    (LEASE, "The tenant must give two months' notice in writing.", (0.75, 0.52, 0.45, 0.54, 0.49)),
    (LEASE, "Pets are allowed without the consent of the landlord.", (0.47, 0.36, 0.79, 0.46, 0.4)),
    (LEASE, "The deposit is returned within 90 days.", (0.5, 0.65, 0.33, 0.42, 0.39)),
    (LEASE, "The landlord may enter the flat without giving notice.", (0.58, 0.42, 0.53, 0.61, 0.45)),
    (LEASE, "Rent falls by two percent every January.", (0.38, 0.35, 0.27, 0.34, 0.61)),
    (LEASE, "The tenant pays for electricity and water.", (0.39, 0.3, 0.33, 0.29, 0.3)),
    (BACKUPS, "Backups made with version 2 can be restored directly.", (0.58, 0.63, 0.37, 0.34, 0.38)),
    (BACKUPS, "The default port was changed from 5050 to 5000.", (0.13, 0.17, 0.13, 0.52, 0.16)),
    (BACKUPS, "Compression reduced the size of backups by half.", (0.37, 0.4, 0.71, 0.35, 0.25)),
    (BACKUPS, "Windows 7 is still supported.", (0.3, 0.3, 0.15, 0.27, 0.61)),
    (BACKUPS, "Version 3.3 of the database added support for encrypted backups.", (0.86, 0.61, 0.48, 0.49, 0.53)),
    (BACKUPS, "Linux is no longer supported.", (0.14, 0.13, -0.04, 0.15, 0.25)),
)
"""Claims that are wrong in one point, or not from the passage."""
BEYOND = (
    (DAM, "The dam increased the yearly supply of fertile silt to fields downstream.", (0.37, 0.33, 0.28, 0.31, 0.48)),
    (
        KAKAPO,
        "The kakapo, a parrot that cannot fly, is found only in New Zealand.",
        (0.86, 0.59, 0.67, 0.71, 0.65, 0.69),
    ),
    (BACKUPS, "Support for Windows 7 has been dropped.", (0.29, 0.28, 0.19, 0.26, 0.57)),
)
"""Claims that need understanding: the first is wrong and passes, the others are true and do not pass."""
